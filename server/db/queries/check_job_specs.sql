select count(*) from jobs where number not in (select number from job_specs)

-- by rowid
delete from job_specs where number in (values (?))

-- jobs_unique
select unique_key, id from jobs
where unique_key is not null and unique_key in (select value from json_each(:uniques))

-- unique id of jobs
select id, kind, name, state, spec, cursor, done, total, failed, made_by, created_at, updated_at, ended_at, unique_key,
    result, error
from jobs join job_specs on job_specs.number = jobs.number
where id = :id

-- unique id of jobs; the spec that was stored first stays
with given (id, spec) as (values (?, ?))
insert into job_specs (number, spec)
select jobs.number, given.spec from given cross join jobs on jobs.id = given.id where true
on conflict (number) do nothing

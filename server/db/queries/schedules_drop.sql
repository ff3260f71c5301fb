-- primary key of schedules
with given (flow, trigger) as (values (?, ?))
delete from schedules where (flow, trigger) in (select flow, trigger from given)

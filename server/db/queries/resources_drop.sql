-- primary key of resources
with given (kind, id) as (values (?, ?))
delete from resources where (kind, id) in (select kind, id from given)

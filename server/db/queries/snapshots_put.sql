-- unique id of instances: one that is not there is left out. An upsert, because an update of many rows would
-- collect them first
insert into snapshots (number, state, last_entry)
select instances.number, column2, column3
from (values (?, ?, ?)) cross join instances on instances.id = column1
where true
on conflict (number) do update
set state = excluded.state, last_entry = coalesce(excluded.last_entry, last_entry)

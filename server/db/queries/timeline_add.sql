-- unique id of instances: one that is not there is left out
insert into timeline (number, instance, previous, turn, at, entry)
select column1, instances.number, coalesce(column3, snapshots.last_entry), column4, column5, column6
from (values (?, ?, ?, ?, ?, ?))
    cross join instances on instances.id = column2
    cross join snapshots on snapshots.number = instances.number

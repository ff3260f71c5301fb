-- unique id of instances
with given (id) as (values (?))
select instances.id, instances.number, last_entry, due, step, open_cards, subscriptions,
    status, outcome, error, ended_at, live
from given cross join instances on instances.id = given.id join snapshots on snapshots.number = instances.number

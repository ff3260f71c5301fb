-- unique id of instances
select id, flow, version, customer, key, invocation, test, status, outcome, error, started_at, ended_at, due,
    open_cards, live, subscriptions, state, step, parent
from instances join snapshots on snapshots.number = instances.number
where id = :id

-- unique id of instances; one row for all, in the order given: a row is a step
with given (id, due, step, open_cards, subscriptions, status, outcome, error, ended_at, live,
    version) as (
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
)
select json_group_array(json_array(
    kept.number,
    last_entry,
    (kept.due, kept.step, kept.open_cards, kept.subscriptions)
        is not (given.due, given.step, given.open_cards, given.subscriptions),
    (kept.status, kept.outcome, kept.error, kept.ended_at, kept.live, kept.version)
        is not (given.status, given.outcome, given.error, given.ended_at, given.live, given.version)
))
from given
    cross join instances as kept on kept.id = given.id
    cross join snapshots on snapshots.number = kept.number

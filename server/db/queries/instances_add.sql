insert into instances (
    number, id, flow, version, customer, key, invocation, test, started_at,
    status, outcome, error, step, ended_at, due, open_cards, live, subscriptions, parent
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

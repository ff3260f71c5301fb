insert into cards (
    number, id, customer, instance, flow, version, test, status, streams, closed_at, seq, view_seq, card
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- primary key of ledgers
insert into ledgers (customer, flow, test, ledger) values (?, ?, ?, ?)
on conflict (customer, flow, test) do update set ledger = excluded.ledger

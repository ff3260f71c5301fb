insert into feeds (customer, seq) values (?, ?)
on conflict (customer) do update set seq = seq + excluded.seq
returning customer, seq

-- primary key of feeds: the mark only rises
insert into feeds (customer, pruned) values (?, ?)
on conflict (customer) do update set pruned = max(pruned, excluded.pruned)

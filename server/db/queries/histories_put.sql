-- unique customer of histories; `due` of a row that is there is left to histories_move
insert into histories (customer, due, history) values (?, ?, ?)
on conflict (customer) do update set history = excluded.history

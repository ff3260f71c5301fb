-- unique id of cards
insert into views (number, view)
select (select number from cards where id = column1), column2 from (values (?, ?)) where true
on conflict (number) do update set view = excluded.view

-- unique id of instances
insert into snapshots (number, state)
select (select number from instances where id = column1), column2 from (values (?, ?))

-- unique id of instances; one that is not there gives null, which is refused
insert into timeline (instance, turn, at, entry)
select (select number from instances where id = column1), column2, column3, column4 from (values (?, ?, ?, ?))

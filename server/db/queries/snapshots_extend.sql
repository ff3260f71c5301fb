-- unique id of instances
update snapshots set last_entry = given.column2 from (values (?, ?)) as given
where number = (select number from instances where id = given.column1)

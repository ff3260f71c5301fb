-- by rowid
update snapshots set last_entry = given.column2 from (values (?, ?)) as given where number = given.column1

insert into timeline (number, instance, previous, turn, at, entry) values (?, ?, ?, ?, ?, ?)

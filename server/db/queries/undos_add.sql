insert into undos (job, instance, turn, at, state) values (?, ?, ?, ?, ?)

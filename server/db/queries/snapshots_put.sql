-- by rowid
insert or replace into snapshots (number, state, last_entry) values (?, ?, ?)

-- by rowid
insert or replace into views (number, view) values (?, ?)

-- by rowid
update instances
set status = given.column2, outcome = given.column3, error = given.column4, ended_at = given.column5,
    live = given.column6, version = given.column7
from (values (?, ?, ?, ?, ?, ?, ?)) as given
where number = given.column1

-- by rowid; their indices cost those no page who do not move
update customers set test = given.column2, timezone = given.column3
from (values (?, ?, ?)) as given
where number = given.column1

-- by rowid
update instances
set due = given.column2, step = given.column3, open_cards = given.column4, subscriptions = given.column5
from (values (?, ?, ?, ?, ?)) as given
where number = given.column1

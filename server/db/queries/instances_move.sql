-- unique id of instances; what stays as it is is not written, nor are the indices of what does not move
update instances
set due = given.column2, step = given.column3, open_cards = given.column4, subscriptions = given.column5
from (values (?, ?, ?, ?, ?)) as given
where instances.id = given.column1
  and (due, step, open_cards, subscriptions)
      is not (given.column2, given.column3, given.column4, given.column5)

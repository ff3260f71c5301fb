-- unique id of instances; written only when the status, or what goes with it, changes
update instances
set status = given.column2, outcome = given.column3, error = given.column4, ended_at = given.column5,
    live = given.column6
from (values (?, ?, ?, ?, ?, ?)) as given
where instances.id = given.column1
  and (status, outcome, error, ended_at, live)
      is not (given.column2, given.column3, given.column4, given.column5, given.column6)

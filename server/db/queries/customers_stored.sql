-- unique id of customers; one row for all: a row is a step
with given (id) as (values (?))
select json_group_array(json_array(
    customers.id, customers.number, test, timezone, json(tags), json(segments)
))
from given cross join customers on customers.id = given.id

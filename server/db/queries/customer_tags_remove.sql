-- unique id of customers, primary key of customer_tags: the tags that the row has now
delete from customer_tags where (tag, customer) in (
    select json_each.value, customers.number from customers, json_each(customers.tags)
    where customers.id in (select value from json_each(:ids))
)

-- unique id of customers
insert into customer_tags (tag, customer)
select distinct json_each.value, customers.number from customers, json_each(customers.tags)
where customers.id in (select value from json_each(:ids))

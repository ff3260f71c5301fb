-- what customers' rows say against what finds them by it, both ways
select count(*) from (
    select * from (
        select value, number from customers, json_each(customers.tags)
        except select tag, customer from customer_tags
    )
    union all
    select * from (
        select tag, customer from customer_tags
        except select value, number from customers, json_each(customers.tags)
    )
)

-- what customers' rows say against what finds them by it, both ways
select count(*) from (
    select * from (
        select value, number from customers, json_each(customers.segments)
        except select segment, customer from customer_segments
    )
    union all
    select * from (
        select segment, customer from customer_segments
        except select value, number from customers, json_each(customers.segments)
    )
)

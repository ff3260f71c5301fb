-- primary key of customer_segments, by both of its columns: a segment may have a million customers
with given (segment, customer) as (values (?, ?))
delete from customer_segments where (segment, customer) in (
    select kept.segment, kept.customer
    from given cross join customer_segments as kept on kept.segment = given.segment and kept.customer = given.customer
)

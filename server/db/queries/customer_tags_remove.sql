-- primary key of customer_tags, by both of its columns: a tag may have a million customers
with given (tag, customer) as (values (?, ?))
delete from customer_tags where (tag, customer) in (
    select kept.tag, kept.customer
    from given cross join customer_tags as kept on kept.tag = given.tag and kept.customer = given.customer
)

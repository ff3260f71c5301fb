-- primary key of customer_segments; a walk, completed by customers_page, customers_members or customers_count
select customer as number from customer_segments
where segment = :segment and customer > :after and customer < :before order by customer {order} limit :window

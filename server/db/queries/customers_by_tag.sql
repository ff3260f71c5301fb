-- primary key of customer_tags; a walk, completed by customers_page, customers_members or customers_count
select customer as number from customer_tags
where tag = :tag and customer > :after and customer < :before order by customer {order} limit :window

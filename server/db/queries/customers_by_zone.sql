-- customers_by_zone; a walk, completed by customers_page, customers_members or customers_count
select number from customers
where timezone = :zone and number > :after and number < :before order by number {order} limit :window

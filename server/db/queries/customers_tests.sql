-- customers_tests; a walk, completed by customers_page, customers_members or customers_count
select number from customers
where test = 1 and number > :after and number < :before order by number {order} limit :window

-- instances_by_customer; a walk, completed by instances_page, instances_numbers or instances_tally
select * from instances
where customer = :customer and number > :after and number < :before order by number {order} limit :window

-- instances_by_key; a walk, completed by instances_page, instances_numbers or instances_tally
select * from instances
where key = :key and number > :after and number < :before order by number {order} limit :window

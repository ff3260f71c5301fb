-- instances_failed; a walk, completed by instances_page, instances_numbers or instances_tally
select * from instances
where status = 'failed' and number > :after and number < :before order by number {order} limit :window

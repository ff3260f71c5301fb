-- instances_by_flow; a walk, completed by instances_page, instances_numbers or instances_tally
select * from instances
where flow = :flow and number > :after and number < :before order by number {order} limit :window

-- instances_unfinished; a walk, completed by instances_page, instances_numbers or instances_tally
select * from instances
where flow = :flow and version = :version and status in ('running', 'failed')
  and number > :after and number < :before
order by number {order} limit :window

-- instances_due
select due, id from instances
where due is not null and live = 1 and due < :before order by due, number limit :limit

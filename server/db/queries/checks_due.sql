-- histories_due
select due, customer from histories
where due is not null and due < :before order by due, number limit :limit

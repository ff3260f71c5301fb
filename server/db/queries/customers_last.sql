-- by rowid
select coalesce(max(number), 0) from customers

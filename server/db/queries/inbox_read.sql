-- by rowid
select number, instance, customer, at, input from inbox where number > :after order by number limit :limit

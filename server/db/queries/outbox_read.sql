-- by rowid
select number, instance, customer, at, kind, key, payload
from outbox where number > :after order by number limit :limit

-- by rowid
select number, id, at, kind, source, customer, name, payload
from journal where number > :after order by number limit :limit

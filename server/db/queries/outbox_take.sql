-- by rowid
delete from outbox where number in (values (?))

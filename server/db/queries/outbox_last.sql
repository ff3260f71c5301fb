-- the highest number ever given, also when its row is gone
select coalesce(max(seq), 0) from sqlite_sequence where name = 'outbox'

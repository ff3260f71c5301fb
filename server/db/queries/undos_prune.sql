-- by rowid: rows stand in order of commit, so only the oldest are looked at
delete from undos
where at < :before and number in (select number from undos order by number limit :limit)

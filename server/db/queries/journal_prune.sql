-- by rowid: rows stand in order of commit, so only the oldest are looked at
delete from journal
where at < :before and number in (select number from journal order by number limit :limit)

-- by rowid: rows stand in order of commit, so only the oldest are looked at
delete from timeline
where at < :before and number in (select number from timeline order by number limit :limit)

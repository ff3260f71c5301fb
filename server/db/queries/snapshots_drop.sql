-- by rowid
delete from snapshots where number in (values (?))

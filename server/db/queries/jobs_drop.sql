-- by rowid
delete from jobs where number in (values (?))

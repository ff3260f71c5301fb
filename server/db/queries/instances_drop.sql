-- by rowid
delete from instances where number in (values (?))

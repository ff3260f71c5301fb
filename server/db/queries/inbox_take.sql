-- by rowid
delete from inbox where number in (values (?))

-- by rowid
delete from views where number in (values (?))

-- by rowid
delete from cards where number in (values (?))

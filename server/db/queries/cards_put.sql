-- by rowid
update cards
set status = given.column2, streams = given.column3, closed_at = given.column4, seq = given.column5,
    view_seq = given.column6, card = given.column7, version = given.column8
from (values (?, ?, ?, ?, ?, ?, ?, ?)) as given
where cards.number = given.column1

-- by rowid; what finds a customer is left to customers_move
update customers
set tags = given.column2, segments = given.column3, created_at = given.column4, updated_at = given.column5,
    search = given.column6, folded = given.column7, profile = given.column8
from (values (?, ?, ?, ?, ?, ?, ?, ?)) as given
where number = given.column1

-- unique id of cards
with given (id) as (values (?))
select cards.id, cards.number, view_seq, view
from given cross join cards on cards.id = given.id join views on views.number = cards.number

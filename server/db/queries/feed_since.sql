-- cards_by_seq
select cards.card, cards.customer, cards.instance, cards.flow, cards.version, cards.test, cards.seq, cards.view_seq,
    views.view
from cards join views on views.number = cards.number
where cards.customer = :customer and cards.seq > :since order by cards.seq limit :limit

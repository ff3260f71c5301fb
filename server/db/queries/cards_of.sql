-- unique id of cards
select cards.card, cards.customer, cards.instance, cards.flow, cards.version, cards.test, cards.seq, cards.view_seq,
    views.view
from cards join views on views.number = cards.number
where cards.id in (select value from json_each(:ids))

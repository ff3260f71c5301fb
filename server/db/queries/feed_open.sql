-- cards_by_seq, in which the status is
select cards.card, cards.customer, cards.instance, cards.flow, cards.version, cards.test, cards.seq, cards.view_seq,
    views.view
from cards join views on views.number = cards.number
where cards.customer = :customer and cards.status in ('active', 'snoozed') order by cards.seq

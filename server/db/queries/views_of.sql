-- unique id of cards
select id, view_seq, view from cards join views on views.number = cards.number
where id in (select value from json_each(:ids))

-- by rowid; a walk, completed by cards_page
select * from cards where number > :after and number < :before order by number {order} limit :window

-- by rowid; a walk, completed by cards_page, cards_numbers or cards_tally
select * from cards where number > :after and number < :before order by number {order} limit :window

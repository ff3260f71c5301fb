-- cards_by_seq: an instance's cards are its customer's; a walk, completed by cards_page, cards_numbers or cards_tally
select * from cards
where customer = (select customer from instances where id = :instance) and instance = :instance
  and number > :after and number < :before
order by number {order} limit :window

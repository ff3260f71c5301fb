select count(*) from cards where number not in (select number from views)

-- primary key of feeds
select seq, pruned from feeds where customer = :customer

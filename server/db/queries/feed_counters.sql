-- cards_by_seq, primary key of feeds; one row for all: a row is a step
with given (customer) as (values (?))
select json_group_object(given.customer, max(
    coalesce((select max(seq) from cards where cards.customer = given.customer), 0),
    coalesce((select pruned from feeds where feeds.customer = given.customer), 0)
))
from given

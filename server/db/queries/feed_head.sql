-- cards_by_seq, primary key of feeds
with kept (seq, pruned) as (
    select
        coalesce((select max(seq) from cards where customer = :customer), 0),
        coalesce((select pruned from feeds where customer = :customer), 0)
)
select max(seq, pruned), pruned from kept

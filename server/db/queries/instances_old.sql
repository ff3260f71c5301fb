-- instances_ended, cards_by_seq
select number from instances
where live = 0 and ended_at < :before and not exists (
    select 1 from cards where cards.customer = instances.customer and cards.instance = instances.id
)
order by ended_at limit :limit

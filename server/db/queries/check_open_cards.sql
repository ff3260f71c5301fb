select count(*) from instances
where open_cards <> (
    select count(*) from cards
    where cards.instance = instances.id and cards.status in ('embargoed', 'active', 'snoozed')
)

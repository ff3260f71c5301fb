select count(*) from instances
where open_cards <> (
    select count(*) from cards
    where cards.customer = instances.customer and cards.instance = instances.id
      and cards.status in ('embargoed', 'active', 'snoozed')
)

-- cards_closed
select number, customer, seq from cards where closed_at is not null and closed_at < :before
order by closed_at limit :limit

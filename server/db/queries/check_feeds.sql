select count(*) from cards left join feeds on feeds.customer = cards.customer
where feeds.seq is null or cards.seq > feeds.seq

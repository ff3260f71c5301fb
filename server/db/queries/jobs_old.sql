-- jobs_ended
select number from jobs where ended_at is not null and ended_at < :before order by ended_at limit :limit

-- over a walk that looks at :window rows at most; when they end the page, the last row is only a number
with looked_at as not materialized (
    {walk}
)
select number, id from looked_at
where (:customer is null or customer = :customer)
  and (:flow is null or flow = :flow)
  and (:instance is null or instance = :instance)
  and (:status is null or status = :status)
  and (:open = 0 or closed_at is null)
  and (:stream is null or exists (select 1 from json_each(streams) where value = :stream))
union all
select number, null
from (select max(number) as number, count(*) as looked_at_count from looked_at)
where looked_at_count = :window
limit :limit

-- over a walk that looks at :window rows at most: what matches, by what it is; last how many it looked at, and where
-- it ended
with looked_at as not materialized (
    {walk}
)
select status, flow, count(*), null
from looked_at
where (:customer is null or customer = :customer)
  and (:flow is null or flow = :flow)
  and (:instance is null or instance = :instance)
  and (:status is null or status = :status)
  and (:open = 0 or closed_at is null)
  and (:stream is null or exists (select 1 from json_each(streams) where value = :stream))
group by status, flow
union all
select null, null, count(*), max(number) from looked_at

-- over a walk that looks at :window rows at most: what matches, by what it is; last how many it looked at, and where
-- it ended
with looked_at as not materialized (
    {walk}
)
select status, step, error, count(*), null
from looked_at
where (:flow is null or flow = :flow)
  and (:version is null or version = :version)
  and (:drafts = 0 or version < 0)
  and (:customer is null or customer = :customer)
  and (:status is null or status = :status)
  and (:unfinished = 0 or status in ('running', 'failed'))
  and (:error is null or error = :error)
  and (:key is null or key = :key)
  and (:step is null or step = :step)
  and (:invocation is null or invocation = :invocation)
  and (:parent is null or parent = :parent)
  and (:test is null or test = :test)
group by status, step, error
union all
select null, null, null, count(*), max(number) from looked_at

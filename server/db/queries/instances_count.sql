-- over a walk that looks at :window rows at most: how many match, where it ended, how many it looked at
with looked_at as not materialized (
    {walk}
)
select count(*) filter (
    where (:flow is null or flow = :flow)
      and (:version is null or version = :version)
      and (:drafts = 0 or version < 0)
      and (:customer is null or customer = :customer)
      and (:status is null or status = :status)
      and (:unfinished = 0 or status in ('running', 'failed'))
      and (:key is null or key = :key)
      and (:step is null or step = :step)
      and (:invocation is null or invocation = :invocation)
      and (:parent is null or parent = :parent)
      and (:test is null or test = :test)
), max(number), count(*)
from looked_at

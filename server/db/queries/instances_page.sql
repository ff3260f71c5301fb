-- over a walk that looks at :window rows at most; when they end the page, the last row is only a number
with looked_at as not materialized (
    {walk}
)
select looked_at.number, id, flow, version, customer, key, invocation, test, status,
    outcome, error, started_at, ended_at, due, open_cards, live, subscriptions,
    step, parent
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
union all
select number, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
from (select min(number) as number, count(*) as looked_at_count from looked_at)
where looked_at_count = :window
limit :limit

-- over a walk that looks at :window rows at most; when they end the page, the last row is only a number
with looked_at as not materialized (
    {walk}
)
select number, id, kind, name, state, x'', cursor, done, total, failed, made_by, created_at, updated_at, ended_at,
    unique_key, x'', error
from looked_at
where (:kind is null or kind = :kind)
  and (:name is null or name = :name)
  and (:state is null or state = :state)
  and (:by is null or made_by = :by)
union all
select number, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
from (select min(number) as number, count(*) as looked_at_count from looked_at)
where looked_at_count = :window
limit :limit

-- over a walk that looks at :window rows at most; when they end the page, the last row is only a number
with looked_at as not materialized (
    {walk}
)
select customers.number, id, profile, test, tags, created_at, updated_at, search, segments, timezone
from looked_at cross join customers on customers.number = looked_at.number
where (:other_tag is null
    or exists (select 1 from customer_tags where tag = :other_tag and customer = customers.number))
  and (:test is null or test = :test)
  and (:q is null or instr(folded, :q) > 0)
union all
select number, null, null, null, null, null, null, null, null, null
from (select min(number) as number, count(*) as looked_at_count from looked_at)
where looked_at_count = :window
limit :limit

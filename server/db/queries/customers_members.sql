-- over a walk that looks at :window rows at most; when they end the page, the last row is only a number
with looked_at as not materialized (
    {walk}
)
select customers.number, id, timezone
from looked_at cross join customers on customers.number = looked_at.number
where (:test is null or test = :test)
  and (:zone is null or timezone = :zone)
  and (:other_tag is null
    or exists (select 1 from customer_tags where tag = :other_tag and customer = customers.number))
  and (:other_segment is null
    or exists (select 1 from customer_segments where segment = :other_segment and customer = customers.number))
union all
select number, null, null
from (select max(number) as number, count(*) as looked_at_count from looked_at)
where looked_at_count = :window
limit :limit

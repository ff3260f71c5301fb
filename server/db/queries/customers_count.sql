-- over a walk that looks at :window rows at most: how many match, where it ended, how many it looked at
with looked_at as not materialized (
    {walk}
)
select count(*) filter (
    where (:test is null or test = :test)
      and (:zone is null or timezone = :zone)
      and (:other_tag is null
        or exists (select 1 from customer_tags where tag = :other_tag and customer = customers.number))
      and (:other_segment is null
        or exists (select 1 from customer_segments where segment = :other_segment and customer = customers.number))
), max(customers.number), count(*)
from looked_at cross join customers on customers.number = looked_at.number

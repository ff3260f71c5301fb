-- by rowid; looks at :window rows at most, and when they end the page, the last row is only a number
with looked_at as not materialized (
    select * from customers where number < :before order by number desc limit :window
)
select looked_at.number, id, profile, test, tags, created_at, updated_at, search
from looked_at
where (:test is null or test = :test)
  and (:q is null or instr(folded, :q) > 0)
union all
select number, null, null, null, null, null, null, null
from (select min(number) as number, count(*) as looked_at_count from looked_at)
where looked_at_count = :window
limit :limit

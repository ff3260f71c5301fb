-- customers_by_zone: from each zone on to the next one
with recursive zones (zone) as (
    select min(timezone) from customers
    union all
    select (select min(timezone) from customers where timezone > zone) from zones where zone is not null
)
select zone from zones where zone is not null

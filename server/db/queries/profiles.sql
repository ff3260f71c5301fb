-- unique id of customers
select id, profile, test, tags, created_at, updated_at, search, segments, timezone from customers
where id in (select value from json_each(:ids))

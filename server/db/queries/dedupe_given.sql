-- completed by one dedupe_seen for each day
with given (key) as (values (?))

-- unique key of answers
with given (key, now) as (values (?, ?))
select answers.key, digest, answer, expires_at
from given cross join answers on answers.key = given.key where expires_at > now

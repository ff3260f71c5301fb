-- primary key of dedupe_{day}
select {day}, dedupe_{day}.key, digest, code from given cross join dedupe_{day} on dedupe_{day}.key = given.key

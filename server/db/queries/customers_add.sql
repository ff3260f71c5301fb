insert into customers (
    number, id, test, timezone, tags, segments, created_at, updated_at, search, folded, profile
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

insert into customers (id, test, tags, created_at, updated_at, search, folded, profile)
values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do update
set test = excluded.test, tags = excluded.tags, created_at = excluded.created_at,
    updated_at = excluded.updated_at, search = excluded.search, folded = excluded.folded,
    profile = excluded.profile

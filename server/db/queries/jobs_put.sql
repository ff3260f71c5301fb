-- unique id of jobs; the unique key of another job is refused
insert into jobs (
    id, kind, name, state, cursor, done, total, failed, made_by, created_at, updated_at, ended_at, unique_key,
    result, error
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do update
set kind = excluded.kind, name = excluded.name, state = excluded.state, cursor = excluded.cursor,
    done = excluded.done, total = excluded.total, failed = excluded.failed, made_by = excluded.made_by,
    created_at = excluded.created_at, updated_at = excluded.updated_at, ended_at = excluded.ended_at,
    unique_key = excluded.unique_key, result = excluded.result, error = excluded.error

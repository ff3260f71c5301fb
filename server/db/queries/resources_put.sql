-- primary key of resources
insert into resources (kind, id, document, revision, created_at, updated_at) values (?, ?, ?, ?, ?, ?)
on conflict (kind, id) do update
set document = excluded.document, revision = excluded.revision, created_at = excluded.created_at,
    updated_at = excluded.updated_at

insert into flows (
    key, name, description, folder, draft, draft_type, revision, published, paused, archived,
    created_at, updated_at, cancel_below, resumed_at
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (key) do update
set name = excluded.name, description = excluded.description, folder = excluded.folder,
    draft = excluded.draft, draft_type = excluded.draft_type, revision = excluded.revision,
    published = excluded.published, paused = excluded.paused, archived = excluded.archived,
    created_at = excluded.created_at, updated_at = excluded.updated_at, cancel_below = excluded.cancel_below,
    resumed_at = excluded.resumed_at

select key, name, description, folder, draft, draft_type, revision, published, paused, archived,
    created_at, updated_at, cancel_below, resumed_at
from flows order by key

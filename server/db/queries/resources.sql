select kind, id, document, revision, created_at, updated_at from resources order by kind, id

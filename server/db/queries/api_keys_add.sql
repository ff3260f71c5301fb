insert into api_keys (id, name, digest, roles, created_at, revoked_at)
values (:id, :name, :digest, :roles, :created_at, :revoked_at)

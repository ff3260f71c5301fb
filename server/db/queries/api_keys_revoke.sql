-- primary key of api_keys; the first revocation stands
update api_keys set revoked_at = :revoked_at where id = :id and revoked_at is null

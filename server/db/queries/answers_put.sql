-- the newest answer under a key stands: an older one has expired
insert into answers (key, digest, answer, expires_at) values (?, ?, ?, ?)
on conflict (key) do update
set digest = excluded.digest, answer = excluded.answer, expires_at = excluded.expires_at

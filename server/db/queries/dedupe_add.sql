insert into dedupe_{day} (key, digest, code) values (?, ?, ?)

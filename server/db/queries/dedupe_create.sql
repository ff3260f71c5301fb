create table dedupe_{day} (key blob primary key, digest blob not null, code text) without rowid

insert into journal (id, at, kind, source, customer, name, payload)
values (?, ?, ?, ?, ?, ?, ?)

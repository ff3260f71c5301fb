insert into outbox (number, instance, customer, at, kind, key, payload) values (?, ?, ?, ?, ?, ?, ?)

-- outbox_by_instance
delete from outbox where instance in (values (?))

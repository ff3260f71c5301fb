select payload from outbox

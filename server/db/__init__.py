"""Durable state on SQLite: the runtime's store, the keys of the edges, back-ups and checks of the file."""

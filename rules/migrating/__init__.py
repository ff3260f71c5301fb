"""Moving a live instance to another version of its flow, and back (flow format §9.9)."""

"""A customer's profile: its fields, preferences, and how they are written."""

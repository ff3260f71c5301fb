"""A card: its life, its form, what it shows, and what somebody does to it."""

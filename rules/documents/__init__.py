"""A flow as it is written: its text, its shape, and what is wrong with either."""

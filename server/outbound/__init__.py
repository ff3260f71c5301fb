"""Performers: what makes the calls that flows order, one kind of effect each."""

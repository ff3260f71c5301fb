"""A server in which flows are played: production's own code on a clock that jumps."""

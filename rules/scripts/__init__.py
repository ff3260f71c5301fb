"""What happens in a simulated server and what must then be true; `actors/simulation/` plays it."""

"""The parts of the turn function; the way in is `rules/decide.py`."""

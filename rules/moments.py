"""When something is to happen.

The arithmetic is `durations.py`, which knows nothing of expressions, so that they can use it.
"""

from .durations import Duration, parse_duration, shift
from .zones import check_zone

__all__ = ["Duration", "check_zone", "parse_duration", "shift"]

"""Notification windows: when a customer may be sent pushes, by the clocks of the customer's zone.

A day without windows of its own has the `default` ones, and is open all day if there are none of those. A
window begins at its first time and ends right before its last. It is read off the clock: when the clocks go
back into it, it opens again.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from whenever import Date, Time

from ..errors import EvaluationError
from .times import WEEKDAYS
from .zones import instants_of, next_jump, zoned

Window = tuple[str, str]
"""Two local times of one day, the earlier one first; 24:00 may end it."""
Windows = Mapping[str, tuple[Window, ...]]
"""Windows by day, `default` or `mon` to `sun`, as `customers.preferences` accepts them."""

_ALL_DAY: Final = (("00:00", "24:00"),)
# The only window of a week comes within a week, or in two if the clocks jump over it; today's may be over.
_DAYS_AHEAD: Final = 15


def is_open(windows: Windows, zone: str, at: int) -> bool:
    """Whether the clocks of `zone` show a time in one of the day's windows; RuleError `unknown_zone`."""
    moment = zoned(at, zone)
    shown = f"{moment.hour:02}:{moment.minute:02}"
    return any(first <= shown < last for first, last in _of(windows, moment.date()))


def next_open(windows: Windows, zone: str, at: int) -> int | None:
    """The first instant from `at` on that is open, `at` itself if it is; None if no day has a window."""
    if is_open(windows, zone, at):
        return at
    openings = (opening for opening in _openings(windows, zone, at) if opening > at)
    return min((opening for opening in openings if is_open(windows, zone, opening)), default=None)


def _openings(windows: Windows, zone: str, at: int) -> Iterator[int]:
    """Where a window may begin: at its first minute, or where the clocks jump into it."""
    jump = next_jump(at, zone)
    if jump is not None:
        yield jump
    today = zoned(at, zone).date()
    try:
        for ahead in range(_DAYS_AHEAD):
            day = today.add(days=ahead)
            for first, _ in _of(windows, day):
                yield from instants_of(day.at(Time.parse_iso(first)), zone)
    except (ValueError, EvaluationError):  # the calendar ends
        return


def _of(windows: Windows, day: Date) -> tuple[Window, ...]:
    name = WEEKDAYS[day.day_of_week().value - 1]
    return windows.get(name, windows.get("default", _ALL_DAY))

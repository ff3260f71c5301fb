"""Durations: ISO 8601 text, and shifting an instant by one.

Years, months, weeks and days follow the calendar of a zone; hours, minutes and seconds are exact.
"""

from dataclasses import dataclass

from whenever import ItemizedDelta

from ..errors import EvaluationError, RuleError
from ..limits import AT_MS_MAX, AT_MS_MIN, DURATION_CHARS_MAX
from .zones import instant_of, zoned

_SECOND_MS = 1_000
_DAY_MS = 86_400_000
_NANOSECONDS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months, then calendar days, then exact milliseconds; all of one sign."""

    text: str
    months: int = 0
    days: int = 0
    ms: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether it is the same length everywhere: no months, no days."""
        return self.months == 0 and self.days == 0

    @property
    def is_negative(self) -> bool:
        return self.months < 0 or self.days < 0 or self.ms < 0


def parse_duration(text: str) -> Duration:
    """The duration that `text` (`PT30M`, `-P14D`) names; RuleError `bad_duration` if it names none."""
    if len(text) > DURATION_CHARS_MAX:
        raise _bad_duration(text)
    try:
        parts = ItemizedDelta.parse_iso(text)
    except ValueError as error:
        raise _bad_duration(text) from error
    nanoseconds = parts.get("nanoseconds", 0)
    if nanoseconds % _NANOSECONDS_PER_MS:
        raise RuleError("bad_duration", f'"{text}" is finer than a millisecond.')
    minutes = parts.get("hours", 0) * 60 + parts.get("minutes", 0)
    seconds = minutes * 60 + parts.get("seconds", 0)
    return Duration(
        text,
        months=parts.get("years", 0) * 12 + parts.get("months", 0),
        days=parts.get("weeks", 0) * 7 + parts.get("days", 0),
        ms=seconds * _SECOND_MS + nanoseconds // _NANOSECONDS_PER_MS,
    )


def shift(at: int, duration: Duration, zone: str) -> int:
    """`at` moved by `duration`: calendar units on the clocks of `zone`, then the exact ones."""
    if not duration.days and not duration.months:
        start = at
    elif zone == "UTC" and duration.months == 0:
        start = at + duration.days * _DAY_MS  # no clock jumps there
    else:
        start = _shift_calendar(at, duration, zone)
    shifted = start + duration.ms
    if not AT_MS_MIN <= shifted <= AT_MS_MAX:
        raise _out_of_range(duration)
    return shifted


def _shift_calendar(at: int, duration: Duration, zone: str) -> int:
    local = zoned(at, zone).to_plain()
    try:
        moved = local.add(months=duration.months, days=duration.days)
    except ValueError as error:
        raise _out_of_range(duration) from error
    return instant_of(moved, zone)


def _bad_duration(text: str) -> RuleError:
    shown = text[:DURATION_CHARS_MAX]
    return RuleError("bad_duration", f'"{shown}" is not an ISO 8601 duration such as PT30M, P7D or P1M.')


def _out_of_range(duration: Duration) -> EvaluationError:
    return EvaluationError("bad_time", f"Moving by {duration.text} leaves the years 1 to 9999.")

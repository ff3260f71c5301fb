"""Cron rules: five fields that name local times of day, as text and as the times they name.

Knows clocks that never jump: what becomes of a time that a zone skips or repeats, `schedules.py` says. The
library is used here only, and only without zones: what it makes of clock changes is not ours (decision 0018).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cronsim import CronSim, CronSimError
from whenever import PlainDateTime

from ..errors import RuleError
from ..limits import CRON_CHARS_MAX

_STEP = re.compile(r"/(\d+)", re.ASCII)
_SECOND = timedelta(seconds=1)
# The library looks 50 years ahead, and that is enough: the rarest day, a leap day on a given weekday,
# comes again within 40. Those from here hold every kind of year.
_ANY_YEAR = datetime(2000, 1, 1)  # noqa: DTZ001  a local time


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    takes: str
    last: int
    """The largest value, and so the largest step that does something."""


_FIELDS = (
    _Field("minute", "0 to 59", 59),
    _Field("hour", "0 to 23", 23),
    _Field("day of the month", "1 to 31, L or LW", 31),
    _Field("month", "1 to 12 or JAN to DEC", 12),
    _Field("day of the week", "0 to 7, SUN to SAT, MON#2 or 5L", 7),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A rule as `parse_cron` accepted it; it names at least one local time."""

    source: str

    def after(self, local: PlainDateTime) -> Iterator[PlainDateTime]:
        """The local times later than `local`, in order, until the calendar ends."""
        return _times(CronSim(self.source, _whole_second(local)))

    def until(self, local: PlainDateTime) -> Iterator[PlainDateTime]:
        """The local times up to `local` itself, latest first, until the calendar begins."""
        return _times(CronSim(self.source, _whole_second(local) + _SECOND, reverse=True))


def parse_cron(text: str) -> Cron:
    """The rule that `text` writes; RuleError `bad_cron` says what is wrong with it."""
    if len(text) > CRON_CHARS_MAX or not text.isascii():
        raise _bad_cron(f"A cron rule has at most {CRON_CHARS_MAX} characters, all of them ASCII.")
    parts = text.split()
    if len(parts) != len(_FIELDS):
        names = ", ".join(field.name for field in _FIELDS)
        raise _bad_cron(f'A cron rule has five fields ({names}); "{text}" has {len(parts)}.')
    for place, part in enumerate(parts):
        _check_part(place, part)
    if not _ever_happens(text):
        raise _bad_cron(f'"{text}" never happens: no month has such a day.')
    return Cron(text)


def _check_part(place: int, part: str) -> None:
    field = _FIELDS[place]
    if any(int(step) > field.last for step in _STEP.findall(part)):
        raise _bad_cron(f'"{part}" steps further than {field.last}, the last {field.name}.')
    alone = ["*"] * len(_FIELDS)
    alone[place] = part
    try:
        CronSim(" ".join(alone), _ANY_YEAR)
    except CronSimError as error:
        what = f"{field.takes}, or a list, a rising range or a step of such"
        raise _bad_cron(f'"{part}" is no {field.name} of a cron rule: it takes {what}.') from error


def _ever_happens(text: str) -> bool:
    try:
        return next(CronSim(text, _ANY_YEAR), None) is not None
    except CronSimError:  # all fields are right, so it is a day that none of the months has
        return False


def _times(found: Iterator[datetime]) -> Iterator[PlainDateTime]:
    while True:
        try:
            yield PlainDateTime(next(found))
        except (OverflowError, StopIteration):  # where the calendar ends, or in the 50 years before
            return


def _whole_second(local: PlainDateTime) -> datetime:
    return local.to_stdlib().replace(microsecond=0)


def _bad_cron(message: str) -> RuleError:
    return RuleError("bad_cron", message)

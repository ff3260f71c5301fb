"""Instants: milliseconds since the Unix epoch inside, datetimes in expressions, RFC 3339 on the wire.

Pure conversions only; zones and calendars are `zones.py`, durations `durations.py`.
"""

import re
from datetime import UTC, datetime, timedelta

from ..errors import RuleError
from ..limits import AT_MS_MAX, AT_MS_MIN

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As documents and profiles name them; the first is ISO weekday 1."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Hours end at 23: Python from 3.14 on reads 24:00 as midnight, which RFC 3339 does not have.
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]([01]\d|2[0-3]):\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


def check_at(at: int) -> int:
    """`at` itself, or RuleError `bad_time` when no calendar has it."""
    if not AT_MS_MIN <= at <= AT_MS_MAX:
        raise RuleError("bad_time", "The time lies outside the years 1 to 9999.")
    return at


def to_datetime(at: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + check_at(at) * _MILLISECOND


def to_ms(moment: datetime) -> int:
    """The instant of an aware datetime; what is finer than a millisecond is cut off."""
    assert moment.tzinfo is not None, "a datetime without a zone is no instant"
    return check_at((moment - _EPOCH) // _MILLISECOND)


def rfc3339(at: int) -> str:
    """As on the wire: UTC, milliseconds, `Z`."""
    return to_datetime(at).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_rfc3339(text: str) -> int:
    """The instant that `text` names, with any offset; RuleError `bad_time` if it names none."""
    if _RFC3339.fullmatch(text) is None:
        raise _bad_time(text)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise _bad_time(text) from error
    return to_ms(moment)


def _bad_time(text: str) -> RuleError:
    return RuleError("bad_time", f'"{text[:40]}" is not an RFC 3339 time such as 2026-03-01T09:00:00Z.')

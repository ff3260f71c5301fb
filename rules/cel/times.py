"""The functions on datetimes and durations. Datetimes are in UTC, except what `local` gives."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone

from ..calendar.durations import parse_duration, shift
from ..calendar.times import parse_rfc3339, to_datetime, to_ms
from ..calendar.zones import zoned
from ..errors import EvaluationError, RuleError
from ..limits import AT_MS_MAX, AT_MS_MIN, DURATION_CHARS_MAX
from .texts import number_to_int, scalar_to_text
from .values import Budget, checked_length, mismatch

_OFFSET = re.compile(r"([+-])?([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_PARTS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)", re.ASCII)
_SIGNED = re.compile(r"([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|us|µs|ns|m|s))+)", re.ASCII)
_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DEFAULT_ZONE = "UTC"
# What takes longer than a step's 2 µs, in steps: a look at a zone, a moment moved on its calendar, a datetime
# or a duration read or written; of a duration's text these many characters at a step.
_ZONE_STEPS, _LOCAL_STEPS, _PLUS_STEPS, _TEXT_STEPS, _STEP_LENGTH_CHARS = 2, 4, 12, 2, 2


class LocalTime(datetime):
    """An instant on the clocks of one zone: its parts are read there, as `local` promises."""


# ── where the customer is ──────────────────────────────────────────────────────────────────────────────


def zone_of(context: Mapping[str, object]) -> str:
    """The customer's zone, else the one that the context lends."""
    customer = context.get("customer")
    own = customer.get("timezone") if isinstance(customer, Mapping) else None
    for zone in (own, context.get("timezone")):
        if isinstance(zone, str) and zone:
            return zone
    return _DEFAULT_ZONE


def local(zone: str, budget: Budget, moment: object) -> LocalTime:
    budget.spend(_LOCAL_STEPS)
    shown = _in_zone(_moment(moment), zone)
    return LocalTime.fromisoformat(shown.isoformat())


def plus(zone: str, budget: Budget, moment: object, duration: object) -> datetime:
    """A moment moved by an ISO 8601 duration; its calendar units are those of the customer's zone."""
    if not isinstance(duration, str):
        mismatch(duration)
    budget.spend(_PLUS_STEPS)
    start = _moment(moment)
    try:
        return to_datetime(shift(to_ms(start), parse_duration(duration), zone))
    except RuleError as error:
        raise EvaluationError("invalid_value", error.message.rstrip(".")) from error


def _in_zone(moment: datetime, zone: str) -> datetime:
    if fixed := _OFFSET.fullmatch(zone):
        offset = timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
        return moment.astimezone(timezone(-offset if fixed[1] == "-" else offset))
    try:
        offset_s = zoned(to_ms(moment), zone).offset.total("seconds")
    except (RuleError, ValueError) as error:
        raise EvaluationError("invalid_value", "the text is not a time zone") from error
    return moment.astimezone(timezone(timedelta(seconds=offset_s)))


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        mismatch(value)
    return value


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────

_DATE_PARTS: dict[str, Callable[[datetime], int]] = {
    "getFullYear": lambda moment: moment.year,
    "getMonth": lambda moment: moment.month - 1,
    "getDate": lambda moment: moment.day,
    "getDayOfMonth": lambda moment: moment.day - 1,
    "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
    "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
    "getHours": lambda moment: moment.hour,
    "getMinutes": lambda moment: moment.minute,
    "getSeconds": lambda moment: moment.second,
    "getMilliseconds": lambda moment: moment.microsecond // 1000,
}
_DURATION_PARTS: dict[str, Callable[[timedelta], int]] = {
    "getHours": lambda length: _whole(length, timedelta(hours=1)),
    "getMinutes": lambda length: _whole(length, timedelta(minutes=1)),
    "getSeconds": lambda length: _whole(length, timedelta(seconds=1)),
    "getMilliseconds": lambda length: _whole(length, timedelta(milliseconds=1)) % 1000,
}


def part_getter(name: str) -> Callable[..., int]:
    """`getHours` and its like: of a datetime, in UTC or the zone given, or of a duration."""
    of_date, of_duration = _DATE_PARTS[name], _DURATION_PARTS.get(name)

    def part(budget: Budget, value: object, zone: object = None) -> int:
        if isinstance(value, timedelta) and of_duration is not None and zone is None:
            return of_duration(value)
        moment = _moment(value)
        if zone is None:
            return of_date(moment if isinstance(moment, LocalTime) else moment.astimezone(UTC))
        if not isinstance(zone, str):
            mismatch(zone)
        budget.spend(_ZONE_STEPS)
        return of_date(_in_zone(moment, zone))

    return part


PART_NAMES = tuple(_DATE_PARTS)


def _whole(length: timedelta, unit: timedelta) -> int:
    """How many units fit, counted towards zero."""
    return -(-length // unit) if length < timedelta() else length // unit


# ── conversions ────────────────────────────────────────────────────────────────────────────────────────


def to_timestamp(budget: Budget, value: object) -> datetime:
    match value:
        case bool():
            mismatch(value)
        case datetime():
            return value
        case str():
            budget.spend(_TEXT_STEPS)
            try:
                return to_datetime(parse_rfc3339(value))
            except RuleError as error:
                why = "the text is not an RFC 3339 time such as 2026-03-01T09:00:00Z"
                raise EvaluationError("invalid_value", why) from error
        case int() | float():
            at = number_to_int(value) * 1000
            if AT_MS_MIN <= at <= AT_MS_MAX:
                return to_datetime(at)
            raise EvaluationError("out_of_range", "the datetime leaves the years 1 to 9999")
    mismatch(value)


def to_duration(budget: Budget, value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        mismatch(value)
    budget.spend(1 + len(value) // _STEP_LENGTH_CHARS)
    found = _SIGNED.fullmatch(value) if len(value) <= DURATION_CHARS_MAX else None
    if found is None and value not in ("0", "+0", "-0"):
        raise EvaluationError("invalid_value", 'the text is not a duration such as "1h30m"')
    parts = _PARTS.findall(found[2]) if found else []
    length = sum((timedelta(seconds=_UNITS_S[unit]) * float(amount) for amount, unit in parts), timedelta())
    return checked_length(-length if value.startswith("-") else length)


def to_int(budget: Budget, value: object) -> int:
    if isinstance(value, datetime):
        return to_ms(value) // 1000
    return number_to_int(value)


def to_text(budget: Budget, value: object) -> str:
    match value:
        case datetime():
            budget.spend(_TEXT_STEPS)
            moment = value.replace(microsecond=0).isoformat()
            text = moment[:19] + _fraction(value.microsecond) + moment[19:]
            return text.replace("+00:00", "Z")
        case timedelta():
            budget.spend(_TEXT_STEPS)
            seconds, microseconds = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
            return f"{'-' if value < timedelta() else ''}{seconds}{_fraction(microseconds)}s"
    return scalar_to_text(budget, value)


def _fraction(microseconds: int) -> str:
    """None, three or six digits behind the point, as the standard's texts have them."""
    if microseconds % 1000:
        return f".{microseconds:06}"
    return f".{microseconds // 1000:03}" if microseconds else ""

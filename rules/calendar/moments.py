"""Moments: when something is to happen, as a time, an expression, or parts that lead to one.

Parts mean: `from`, moved by `offset`, then the next `local` time on one of `days` in `timezone`. Moving by a
duration is `durations.py`, which knows nothing of expressions, so that these can use it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from whenever import Date, PlainDateTime, Time

from ..conditions import Expression
from ..documents.problems import nearest
from ..errors import EvaluationError, ExpressionError, RuleError
from ..types import Scope, Type
from ..values import compile_equals, is_expression
from .durations import Duration, parse_duration, shift
from .times import WEEKDAYS, parse_rfc3339, to_ms
from .zones import check_zone, instant_of, zoned

__all__ = ["Duration", "Moment", "check_zone", "compile_moment", "parse_duration", "shift"]

CUSTOMER_ZONE = "customer"
_KEYS = frozenset({"from", "offset", "local", "days", "timezone", "if_past"})
_IF_PAST = frozenset({"now", "skip", "next"})
_LOCAL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# What may turn out to be a time.
_TIMES = frozenset({Type.TIMESTAMP, Type.STRING, Type.DYN})
# A listed day comes within a week. Today's may be over already, and so may tomorrow's where the clocks have
# just gone back over midnight.
_DAYS_AHEAD = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`origin` None is the time of the turn. `days` are ISO weekdays; none listed means any."""

    origin: int | Expression | None = None
    offset: Duration | None = None
    local: Time | None = None
    days: frozenset[int] = frozenset()
    zone: str = CUSTOMER_ZONE
    if_past: str = "now"

    @property
    def reads(self) -> frozenset[str]:
        return self.origin.reads if isinstance(self.origin, Expression) else frozenset()

    def resolve(
        self, context: Mapping[str, object], *, now: int, customer_zone: str, server_zone: str
    ) -> int | None:
        """The instant, which may be past and is due at once then; None if it is past and to be skipped.

        EvaluationError if an expression gives no time. An empty `customer_zone` is an unknown one.
        """
        zone = (customer_zone or server_zone) if self.zone == CUSTOMER_ZONE else self.zone
        try:
            at = self._instant(context, now, zone)
            if at >= now or self.if_past == "now":
                return at
            return None if self.if_past == "skip" else self._next_after(now, at, zone)
        except EvaluationError:
            raise
        except RuleError as error:
            raise EvaluationError(error.code, error.message) from error

    def _instant(self, context: Mapping[str, object], now: int, zone: str) -> int:
        at = now if self.origin is None else _origin(self.origin, context, zone)
        if self.offset is not None:
            at = shift(at, self.offset, zone)
        if self.local is None and not self.days:
            return at
        # Without `from` the same local time today would be now, again and again.
        is_later = self.origin is None and self.local is not None
        return self._on_day(at, zone, earliest=at + 1 if is_later else at)

    def _next_after(self, now: int, at: int, zone: str) -> int:
        """The first such local time after `now`; without `local`, the time of day that `at` has."""
        local = self.local or zoned(at, zone).time()
        today = zoned(now, zone).date()
        return self._first_of(today.at(local), zone, earliest=now + 1)

    def _on_day(self, at: int, zone: str, *, earliest: int) -> int:
        reached = zoned(at, zone).to_plain()
        if self.local is None and self._is_listed(reached.date()):
            return at
        start = reached if self.local is None else reached.date().at(self.local)
        return self._first_of(start, zone, earliest=earliest)

    def _first_of(self, start: PlainDateTime, zone: str, *, earliest: int) -> int:
        days = (_days_later(start, ahead) for ahead in range(_DAYS_AHEAD))
        instants = (instant_of(day, zone) for day in days if self._is_listed(day.date()))
        return next(at for at in instants if at >= earliest)

    def _is_listed(self, day: Date) -> bool:
        return not self.days or day.day_of_week().value in self.days


def compile_moment(raw: object, scope: Scope) -> Moment:
    """RuleError with `bad_moment`, or the code of the part that is wrong."""
    match raw:
        case str():
            return Moment(origin=_compile_origin(raw, scope))
        case Mapping():
            return _compile_parts(raw, scope)
        case _:
            raise _bad_moment("A moment is a time, an expression, or a mapping of its parts.")


def _compile_parts(raw: Mapping[str, object], scope: Scope) -> Moment:
    for key in raw:
        if key not in _KEYS:
            raise RuleError("unknown_key", f'A moment has no "{key}".{nearest(str(key), _KEYS)}')
    origin, offset, zone = raw.get("from"), raw.get("offset"), _text(raw, "timezone", CUSTOMER_ZONE)
    if zone != CUSTOMER_ZONE:
        check_zone(zone)
    if_past = _text(raw, "if_past", "now")
    if if_past not in _IF_PAST:
        raise _bad_moment('"if_past" is now, skip or next.')
    return Moment(
        origin=None if origin is None else _compile_origin(_text(raw, "from", ""), scope),
        offset=None if offset is None else parse_duration(_text(raw, "offset", "")),
        local=_compile_local(raw.get("local")),
        days=_compile_days(raw.get("days")),
        zone=zone,
        if_past=if_past,
    )


def _compile_origin(raw: str, scope: Scope) -> int | Expression:
    if not is_expression(raw):
        return parse_rfc3339(raw)
    origin = compile_equals(raw, scope)
    if origin.type not in _TIMES:
        raise ExpressionError("type_mismatch", "This never gives a time, nor the text of one.", 1)
    return origin


def _compile_local(raw: object) -> Time | None:
    if raw is None:
        return None
    match = _LOCAL.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise _bad_moment('"local" is a time of day such as "09:00".')
    return Time(int(match[1]), int(match[2]))


def _compile_days(raw: object) -> frozenset[int]:
    if raw is None:
        return frozenset()
    if not isinstance(raw, list | tuple) or not raw or any(day not in WEEKDAYS for day in raw):
        raise _bad_moment(f'"days" is a list of {" ".join(WEEKDAYS)}.')
    return frozenset(WEEKDAYS.index(day) + 1 for day in raw)


def _text(raw: Mapping[str, object], key: str, default: str) -> str:
    value = raw.get(key, default)
    if not isinstance(value, str):
        raise _bad_moment(f'"{key}" is a text.')
    return value


def _days_later(start: PlainDateTime, count: int) -> PlainDateTime:
    try:
        return start.add(days=count)
    except ValueError as error:
        raise EvaluationError("bad_time", "The time lies outside the years 1 to 9999.") from error


def _origin(origin: int | Expression, context: Mapping[str, object], zone: str) -> int:
    """An expression may give a time, the text of one, or a day, which begins at midnight in the zone."""
    if isinstance(origin, int):
        return origin
    value = origin.value(context)
    if isinstance(value, datetime):
        return to_ms(value)
    if isinstance(value, str) and _DATE.fullmatch(value):
        return _midnight(value, zone)
    if isinstance(value, str):
        return parse_rfc3339(value)
    given = "null" if value is None else type(value).__name__
    raise EvaluationError("bad_moment", f'"={origin.source}" gives no time but {given}.')


def _midnight(day: str, zone: str) -> int:
    try:
        return instant_of(Date.parse_iso(day).at(Time()), zone)
    except ValueError as error:
        raise EvaluationError("bad_time", f'"{day}" is no day of the calendar.') from error


def _bad_moment(message: str) -> ExpressionError:
    return ExpressionError("bad_moment", message)

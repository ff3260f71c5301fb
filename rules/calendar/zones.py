"""Time zones: the local time of an instant and the instant of a local time.

One rule holds wherever clocks jump: a local time that does not exist is the first instant after the gap,
and one that exists twice is the first of the two.
"""

from whenever import Instant, PlainDateTime, TimeZoneNotFoundError, ZonedDateTime

from ..errors import EvaluationError, RuleError
from .times import check_at


def check_zone(name: str) -> None:
    """RuleError `unknown_zone` unless `name` is an IANA zone, spelled as IANA does."""
    if zoned(0, name).tz_id != name:
        raise _unknown_zone(name)


def zoned(at: int, zone: str) -> ZonedDateTime:
    """The instant on the clocks of `zone`."""
    try:
        return Instant.from_timestamp(check_at(at), unit="millisecond").to_tz(zone)
    except TimeZoneNotFoundError as error:
        raise _unknown_zone(zone) from error


def instant_of(local: PlainDateTime, zone: str) -> int:
    """When the clocks of `zone` first show `local`, or have just jumped over it."""
    try:
        moment = local.assume_tz(zone, disambiguation="compatible")
        if moment.to_plain() != local:
            moment = _jump_before(moment)
        return check_at(moment.timestamp(unit="millisecond"))
    except TimeZoneNotFoundError as error:
        raise _unknown_zone(zone) from error
    except (ValueError, RuleError) as error:
        raise EvaluationError("bad_time", "The time lies outside the years 1 to 9999.") from error


def instants_of(local: PlainDateTime, zone: str) -> tuple[int, ...]:
    """When the clocks of `zone` show `local`: once, never if they skip it, twice if they go back over it."""
    first = instant_of(local, zone)
    moment = zoned(first, zone)
    if moment.to_plain() != local:
        return ()
    if not moment.is_repeated():
        return (first,)
    return first, local.assume_tz(zone, disambiguation="later").timestamp(unit="millisecond")


def next_jump(at: int, zone: str) -> int | None:
    """The first instant after `at` with other rules for the clocks of `zone`; None if no other follow."""
    jump = zoned(at, zone).next_transition()
    return None if jump is None else jump.timestamp(unit="millisecond")


def reached(at: int, zone: str) -> PlainDateTime:
    """The latest local time that the clocks of `zone` have shown up to `at`.

    It is what they show at `at`, but while an hour is repeated it stays at the end of that hour.
    """
    moment = zoned(at, zone)
    shown = moment.to_plain()
    if not moment.is_repeated() or instant_of(shown, zone) == at:
        return shown
    return _jump_before(moment).subtract(nanoseconds=1).to_plain()


def _jump_before(moment: ZonedDateTime) -> ZonedDateTime:
    """The jump that was at `moment` or last before it."""
    # One nanosecond later, because a jump is not its own predecessor.
    jump = moment.add(nanoseconds=1).prev_transition()
    assert jump is not None, "a skipped or repeated local time has the jump that made it before it"
    return jump


def _unknown_zone(name: str) -> RuleError:
    return RuleError("unknown_zone", f'"{name[:64]}" is not an IANA time zone such as Europe/Berlin.')

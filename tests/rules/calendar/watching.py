"""Where clocks jump, and what somebody sees there who looks at the clock every minute: a second opinion."""

from collections.abc import Callable, Iterator

from hypothesis import strategies as st
from whenever import PlainDateTime

from rules.calendar.times import parse_rfc3339
from rules.calendar.zones import zoned

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

JUMPS = [
    # zone, the instant of the jump: an hour, half an hour, from and to midnight, back over midnight
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Pacific/Auckland", "2026-04-04T14:00:00Z"),
    ("Pacific/Auckland", "2026-09-26T14:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),
    ("Africa/Cairo", "2026-10-29T21:00:00Z"),
    ("America/Goose_Bay", "2010-11-07T03:01:00Z"),
]
PLACES = st.sampled_from([(zone, parse_rfc3339(jump)) for zone, jump in JUMPS])


def watched(zone: str, start: int, until: int, is_meant: Callable[[PlainDateTime], bool]) -> Iterator[int]:
    """The minutes later than `start` at which the clock first shows, or has skipped, a time that is meant."""
    seen = zoned(start, zone).to_plain()
    for instant in range(start + MINUTE, until + 1, MINUTE):
        shown, happens = zoned(instant, zone).to_plain(), False
        while seen < shown:
            seen = seen.add(minutes=1, naive_arithmetic_ok=True)
            happens |= is_meant(seen)
        if happens:
            yield instant

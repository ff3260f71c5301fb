"""Notification windows: when they are open, and when they open next, on clocks that jump."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar.times import parse_rfc3339, rfc3339
from rules.calendar.windows import Windows, is_open, next_open
from rules.customers.preferences import Preferences
from rules.customers.profile import merge, new_profile
from rules.errors import RuleError
from rules.limits import AT_MS_MAX, WINDOWS_PER_DAY_MAX
from tests.rules.calendar.watching import DAY, MINUTE, PLACES


def windows(**days: list[list[str]]) -> Windows:
    """As a profile takes them."""
    profile = merge(new_profile("c-1", 0), {"preferences": {"windows": days}}, 0)
    return profile.preferences.windows


OFFICE = windows(default=[["09:00", "17:00"]], sat=[])
SPLIT = windows(default=[["09:00", "12:00"], ["14:00", "17:00"]])
LATE = windows(default=[["18:00", "24:00"]], sun=[["00:00", "02:00"]])
NEVER = windows(default=[])
MONDAYS = windows(default=[], mon=[["09:00", "10:00"]])
SUNDAYS = windows(default=[], sun=[["00:00", "00:10"]])
WORKDAYS = windows(sat=[], sun=[])
NIGHT = windows(default=[["02:15", "02:45"]])
EARLY = windows(default=[["01:30", "02:30"]])

OPENS = [
    # windows, zone, at, when it is open next (UTC)
    (Preferences().windows, "UTC", "2026-03-04T03:00", "2026-03-04T03:00"),
    # 2026-03-06 is a Friday. The first minute is in, the last one is not.
    (OFFICE, "UTC", "2026-03-06T08:59", "2026-03-06T09:00"),
    (OFFICE, "UTC", "2026-03-06T09:00", "2026-03-06T09:00"),
    (OFFICE, "UTC", "2026-03-06T16:59", "2026-03-06T16:59"),
    (OFFICE, "UTC", "2026-03-06T17:00", "2026-03-08T09:00"),
    (OFFICE, "UTC", "2026-03-07T12:00", "2026-03-08T09:00"),
    # the day of the customer
    (OFFICE, "Pacific/Auckland", "2026-03-06T21:00", "2026-03-07T20:00"),
    (OFFICE, "America/New_York", "2026-03-07T02:00", "2026-03-08T13:00"),
    # several a day; several days; none
    (SPLIT, "UTC", "2026-03-06T12:00", "2026-03-06T14:00"),
    (WORKDAYS, "UTC", "2026-03-06T23:59", "2026-03-06T23:59"),
    (WORKDAYS, "UTC", "2026-03-07T00:00", "2026-03-09T00:00"),
    (MONDAYS, "UTC", "2026-03-09T10:00", "2026-03-16T09:00"),
    (NEVER, "UTC", "2026-03-06T12:00", None),
    # midnight: 24:00 is the end of a day, and the next one goes on from there
    (LATE, "UTC", "2026-03-06T23:59", "2026-03-06T23:59"),
    (LATE, "UTC", "2026-03-07T00:00", "2026-03-07T18:00"),
    (LATE, "UTC", "2026-03-08T00:00", "2026-03-08T00:00"),
    (LATE, "UTC", "2026-03-08T02:00", "2026-03-09T18:00"),
    # leap day, turn of the year
    (windows(default=[], tue=[["00:00", "24:00"]]), "UTC", "2028-02-28T23:59", "2028-02-29T00:00"),
    (OFFICE, "Pacific/Auckland", "2026-12-31T04:00", "2026-12-31T20:00"),
    # gaps: what lies in one is skipped, what begins in one opens right after it
    (OFFICE, "Europe/Berlin", "2026-03-28T17:00", "2026-03-29T07:00"),
    (NIGHT, "Europe/Berlin", "2026-03-29T00:30", "2026-03-30T00:15"),
    (windows(default=[["02:15", "03:15"]]), "Europe/Berlin", "2026-03-29T00:30", "2026-03-29T01:00"),
    (windows(default=[["02:15", "03:15"]]), "America/New_York", "2026-03-08T06:30", "2026-03-08T07:00"),
    (windows(default=[], sun=[["02:15", "02:45"]]), "Europe/Berlin", "2026-03-22T12:00", "2026-04-05T00:15"),
    (windows(default=[["02:15", "02:45"]]), "Australia/Lord_Howe", "2026-10-03T15:00", "2026-10-03T15:30"),
    (windows(default=[["02:00", "02:30"]]), "Australia/Lord_Howe", "2026-10-03T15:00", "2026-10-04T15:00"),
    (windows(default=[], fri=[["09:00", "10:00"]]), "Pacific/Apia", "2011-12-29T12:00", "2012-01-05T19:00"),
    # overlaps: a window that the clocks show again opens again
    (NIGHT, "Europe/Berlin", "2026-10-25T00:00", "2026-10-25T00:15"),
    (NIGHT, "Europe/Berlin", "2026-10-25T00:45", "2026-10-25T01:15"),
    (NIGHT, "Europe/Berlin", "2026-10-25T01:45", "2026-10-26T01:15"),
    (NIGHT, "Pacific/Auckland", "2026-04-04T13:45", "2026-04-04T14:15"),
    (EARLY, "Europe/Berlin", "2026-10-25T00:30", "2026-10-25T01:00"),
    (EARLY, "Australia/Lord_Howe", "2026-04-04T15:15", "2026-04-04T15:15"),
    (windows(default=[["00:00", "01:00"]]), "Africa/Cairo", "2026-10-29T20:30", "2026-10-29T22:00"),
    # clocks went back over midnight: the new day, the old one, the new one again
    (SUNDAYS, "America/Goose_Bay", "2010-11-07T03:01", "2010-11-07T04:00"),
]  # fmt: skip


@pytest.mark.parametrize(("open_at", "zone", "at", "expected"), OPENS)
def test_next_open(open_at: Windows, zone: str, at: str, expected: str | None) -> None:
    found = next_open(open_at, zone, parse_rfc3339(f"{at}:00Z"))
    assert (None if found is None else rfc3339(found).removesuffix(":00.000Z")) == expected
    assert is_open(open_at, zone, parse_rfc3339(f"{at}:00Z")) == (expected == at)


def test_an_instant_within_a_minute_counts_to_the_millisecond() -> None:
    last = parse_rfc3339("2026-03-06T16:59:59.999Z")
    assert next_open(OFFICE, "UTC", last) == last
    assert next_open(OFFICE, "UTC", last + 1) == parse_rfc3339("2026-03-08T09:00:00Z")
    assert not is_open(OFFICE, "UTC", parse_rfc3339("2026-03-06T08:59:59.999Z"))


def test_unknown_zone_is_refused() -> None:
    with pytest.raises(RuleError, match="unknown_zone"):
        is_open(OFFICE, "Mars/Base", 0)


def test_nothing_opens_after_the_end_of_the_calendar() -> None:
    assert next_open(MONDAYS, "UTC", AT_MS_MAX) is None


TIMES = [f"{hour:02}:{minute:02}" for hour in range(5) for minute in (0, 15, 30, 45)]
ONE = st.lists(st.sampled_from(TIMES), min_size=2, max_size=2, unique=True).map(sorted)


@given(
    PLACES,
    st.lists(ONE, min_size=1, max_size=WINDOWS_PER_DAY_MAX),
    st.integers(-180, 180),
)
def test_next_open_is_the_first_minute_at_which_one_finds_it_open(
    place: tuple[str, int], day: list[list[str]], minutes: int
) -> None:
    zone, jump = place
    at, open_at = jump + minutes * MINUTE, windows(default=day)
    looked = (at + minute * MINUTE for minute in range(2 * DAY // MINUTE))
    assert next_open(open_at, zone, at) == next(
        instant for instant in looked if is_open(open_at, zone, instant)
    )

"""Local times and zones."""

import pytest
from whenever import PlainDateTime

from rules.calendar.times import parse_rfc3339, rfc3339
from rules.calendar.zones import check_zone, instant_of, reached, zoned
from rules.errors import EvaluationError, RuleError
from rules.limits import AT_MS_MAX


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Pacific/Auckland", "Asia/Kathmandu", "Etc/GMT+3"])
def test_iana_names_are_zones(name: str) -> None:
    check_zone(name)


@pytest.mark.parametrize(
    "name", ["", "customer", "Mars/Base", "europe/berlin", "Europe", "../../etc/passwd", "UTC\0", "A" * 5000]
)
def test_other_names_are_no_zones(name: str) -> None:
    with pytest.raises(RuleError) as caught:
        check_zone(name)
    assert caught.value.code == "unknown_zone"


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        ("UTC", (2026, 3, 29, 2, 30), "2026-03-29T02:30:00.000Z"),
        # Spring: 02:30 does not exist; the first instant after the gap is 03:00 local.
        ("Europe/Berlin", (2026, 3, 29, 2, 30), "2026-03-29T01:00:00.000Z"),
        ("America/New_York", (2026, 3, 8, 2, 0), "2026-03-08T07:00:00.000Z"),
        # Half an hour's gap, 02:00 to 02:30.
        ("Australia/Lord_Howe", (2026, 10, 4, 2, 15), "2026-10-03T15:30:00.000Z"),
        # Autumn: 02:30 exists twice; the first is still summer time.
        ("Europe/Berlin", (2026, 10, 25, 2, 30), "2026-10-25T00:30:00.000Z"),
        ("America/New_York", (2026, 11, 1, 1, 30), "2026-11-01T05:30:00.000Z"),
        ("Australia/Lord_Howe", (2026, 4, 5, 1, 45), "2026-04-04T14:45:00.000Z"),
        # Samoa skipped a whole day.
        ("Pacific/Apia", (2011, 12, 30, 9, 0), "2011-12-30T10:00:00.000Z"),
    ],
)
def test_local_times_in_gaps_and_overlaps(zone: str, local: tuple[int, ...], instant: str) -> None:
    year, month, day, hour, minute = local
    assert rfc3339(instant_of(PlainDateTime(year, month, day, hour, minute), zone)) == instant


def test_instant_on_the_clocks_of_a_zone() -> None:
    assert str(zoned(1_772_308_800_000, "Pacific/Auckland").to_plain()) == "2026-03-01T09:00:00"


def test_unknown_zone_is_refused_both_ways() -> None:
    with pytest.raises(RuleError, match="unknown_zone"):
        zoned(0, "Mars/Base")
    with pytest.raises(RuleError, match="unknown_zone"):
        instant_of(PlainDateTime(2026, 1, 1), "Mars/Base")


def test_the_ends_of_the_calendar() -> None:
    assert zoned(AT_MS_MAX, "Pacific/Kiritimati").year == 9999
    with pytest.raises(RuleError, match="bad_time"):
        zoned(AT_MS_MAX + 1, "UTC")
    for zone in ("Pacific/Honolulu", "UTC", "Pacific/Kiritimati"):
        with pytest.raises(EvaluationError, match="bad_time"):
            instant_of(PlainDateTime.MAX, zone)
        with pytest.raises(EvaluationError, match="bad_time"):
            instant_of(PlainDateTime.MIN, zone)


@pytest.mark.parametrize(
    ("zone", "instant", "local"),
    [
        ("UTC", "2026-10-25T00:30:00.007Z", "2026-10-25T00:30:00.007"),
        ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00"),
        ("Europe/Berlin", "2026-10-25T00:59:59.999Z", "2026-10-25T02:59:59.999"),
        # While 02:00 to 03:00 are shown again, nothing new is.
        ("Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T02:59:59.999999999"),
        ("Europe/Berlin", "2026-10-25T01:59:59.999Z", "2026-10-25T02:59:59.999999999"),
        ("Europe/Berlin", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00"),
        ("Australia/Lord_Howe", "2026-04-04T15:10:00Z", "2026-04-05T01:59:59.999999999"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00"),
    ],
)
def test_the_latest_local_time_that_was_shown(zone: str, instant: str, local: str) -> None:
    assert reached(parse_rfc3339(instant), zone).format_iso() == local

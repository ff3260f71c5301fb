"""Instants as milliseconds, datetimes and RFC 3339 text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rules.calendar.times import parse_rfc3339, rfc3339, to_datetime, to_ms
from rules.errors import RuleError
from rules.limits import AT_MS_MAX, AT_MS_MIN


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1970-01-01T00:00:00.0019999Z", 1),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-03-01T09:00:00+13:00", 1_772_308_800_000),
        ("2026-02-28t20:00:00z", 1_772_308_800_000),
        ("2026-02-28 20:00:00Z", 1_772_308_800_000),
        ("2024-02-29T00:00:00-00:00", 1_709_164_800_000),
    ],
)
def test_reads_rfc3339(text: str, at: int) -> None:
    assert parse_rfc3339(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-03-01",
        "2026-03-01T09:00:00",
        "2026-03-01T09:00Z",
        "2026-03-01T09:00:00.Z",
        "2026-03-01T09:00:00+1300",
        "2026-02-30T09:00:00Z",
        "2025-02-29T09:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T09:00:60Z",
        "2026-03-01T09:00:00+99:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "\N{FULLWIDTH DIGIT TWO}026-03-01T09:00:00Z",
        " 2026-03-01T09:00:00Z",
        "2026-03-01T09:00:00Z\n",
    ],
)
def test_refuses_what_is_no_rfc3339_time(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rfc3339(text)
    assert caught.value.code == "bad_time"


def test_prints_milliseconds_and_z() -> None:
    assert rfc3339(1_772_308_800_007) == "2026-02-28T20:00:00.007Z"


@pytest.mark.parametrize("at", [AT_MS_MIN, -1, 0, 1_772_308_800_007, AT_MS_MAX])
def test_conversions_return(at: int) -> None:
    assert to_ms(to_datetime(at)) == at
    assert parse_rfc3339(rfc3339(at)) == at


@pytest.mark.parametrize("at", [AT_MS_MIN - 1, AT_MS_MAX + 1, 1 << 80])
def test_instants_outside_the_calendar_are_refused(at: int) -> None:
    with pytest.raises(RuleError):
        to_datetime(at)


def test_datetime_of_any_zone_is_the_same_instant() -> None:
    utc = datetime(2026, 2, 28, 20, tzinfo=UTC)
    assert to_ms(utc.astimezone(timezone(timedelta(hours=13)))) == to_ms(utc) == 1_772_308_800_000


def test_microseconds_are_cut_off_towards_the_past() -> None:
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1

"""ISO 8601 durations and what they do to an instant."""

import pytest

from rules.calendar.durations import Duration, parse_duration, shift
from rules.calendar.times import parse_rfc3339, rfc3339
from rules.errors import EvaluationError, RuleError
from rules.limits import DURATION_CHARS_MAX


@pytest.mark.parametrize(
    ("text", "months", "days", "ms"),
    [
        ("PT30M", 0, 0, 1_800_000),
        ("PT0S", 0, 0, 0),
        ("PT36H", 0, 0, 129_600_000),
        ("PT0.25S", 0, 0, 250),
        ("-PT0.001S", 0, 0, -1),
        ("P7D", 0, 7, 0),
        ("P2W", 0, 14, 0),
        ("-P14D", 0, -14, 0),
        ("P1M", 1, 0, 0),
        ("P1Y2M3W4DT5H6M7.5S", 14, 25, 18_367_500),
    ],
)
def test_reads_iso_8601(text: str, months: int, days: int, ms: int) -> None:
    assert parse_duration(text) == Duration(text, months=months, days=days, ms=ms)


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1D", "30 minutes", "P1.5D", "PT1.5H", "P1D2H", "P1M-3D", "P-1D", " P1D", "P1D ",
     "P99999999999D", "PT0.0001S", "P1D\0", "P" + "0" * DURATION_CHARS_MAX + "D"],
)  # fmt: skip
def test_refuses_other_text(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_duration(text)
    assert caught.value.code == "bad_duration"


def test_length_of_a_duration_text_is_bounded() -> None:
    longest = "P0Y0M0W0DT0H0M1.".ljust(DURATION_CHARS_MAX - 1, "0") + "S"
    with pytest.raises(RuleError):
        parse_duration(longest + "0")
    assert len(longest) == DURATION_CHARS_MAX


def test_says_whether_it_is_exact_or_negative() -> None:
    assert parse_duration("PT24H").is_exact
    assert not parse_duration("P1D").is_exact
    assert parse_duration("-P1D").is_negative
    assert parse_duration("-P1M").is_negative
    assert parse_duration("-PT1S").is_negative
    assert not parse_duration("PT0S").is_negative


SHIFTS = [
    # zone, from, duration, to
    ("UTC", "2026-01-31T12:00:00Z", "P1M", "2026-02-28T12:00:00.000Z"),
    ("UTC", "2024-01-31T12:00:00Z", "P1M", "2024-02-29T12:00:00.000Z"),
    ("UTC", "2024-02-29T12:00:00Z", "P1Y", "2025-02-28T12:00:00.000Z"),
    ("UTC", "2024-02-29T12:00:00Z", "P4Y", "2028-02-29T12:00:00.000Z"),
    ("UTC", "2026-03-31T12:00:00Z", "-P1M", "2026-02-28T12:00:00.000Z"),
    ("UTC", "2026-01-31T12:00:00Z", "P1M1D", "2026-03-01T12:00:00.000Z"),
    ("UTC", "2026-01-31T12:00:00.007Z", "P1MT1H", "2026-02-28T13:00:00.007Z"),
    # A calendar day keeps the clock's time; 24 hours are 24 hours.
    ("Europe/Berlin", "2026-03-28T11:00:00Z", "P1D", "2026-03-29T10:00:00.000Z"),
    ("Europe/Berlin", "2026-03-28T11:00:00Z", "PT24H", "2026-03-29T11:00:00.000Z"),
    ("Europe/Berlin", "2026-10-24T10:00:00Z", "P1D", "2026-10-25T11:00:00.000Z"),
    ("America/New_York", "2026-03-07T17:00:00Z", "P1D", "2026-03-08T16:00:00.000Z"),
    ("Pacific/Auckland", "2026-04-04T00:00:00Z", "P1D", "2026-04-05T01:00:00.000Z"),
    ("Australia/Lord_Howe", "2026-10-03T01:30:00Z", "P1D", "2026-10-04T01:00:00.000Z"),
    ("Australia/Lord_Howe", "2026-10-03T01:30:00Z", "PT24H", "2026-10-04T01:30:00.000Z"),
    # Backwards over a jump as forwards.
    ("Europe/Berlin", "2026-03-29T10:00:00Z", "-P1D", "2026-03-28T11:00:00.000Z"),
    ("America/New_York", "2026-11-02T17:00:00Z", "-P1W", "2026-10-26T16:00:00.000Z"),
    # Months and years land on the same clock in the other half of the year, or at the month's end.
    ("Europe/Berlin", "2026-01-15T08:00:00Z", "P6M", "2026-07-15T07:00:00.000Z"),
    ("Pacific/Auckland", "2026-01-14T20:00:00Z", "P6M", "2026-07-14T21:00:00.000Z"),
    ("Pacific/Auckland", "2026-12-30T20:00:00Z", "P2M", "2027-02-27T20:00:00.000Z"),
    ("America/New_York", "2024-03-01T04:30:00Z", "P1Y", "2025-03-01T04:30:00.000Z"),
    ("America/New_York", "2024-03-01T04:30:00Z", "-P4Y", "2020-03-01T04:30:00.000Z"),
    ("Europe/Berlin", "2024-02-28T23:30:00Z", "P1Y", "2025-02-27T23:30:00.000Z"),
    ("Europe/Berlin", "2026-05-30T22:30:00Z", "-P3M", "2026-02-27T23:30:00.000Z"),
    # Into a gap (02:30 on the 29th): the first instant after it. Then the exact part.
    ("Europe/Berlin", "2026-03-28T01:30:00Z", "P1D", "2026-03-29T01:00:00.000Z"),
    ("Europe/Berlin", "2026-03-28T01:30:00Z", "P1DT1H", "2026-03-29T02:00:00.000Z"),
    ("America/New_York", "2026-02-08T07:30:00Z", "P1M", "2026-03-08T07:00:00.000Z"),
    ("Australia/Lord_Howe", "2026-10-02T15:45:00Z", "P1D", "2026-10-03T15:30:00.000Z"),
    ("Pacific/Auckland", "2026-09-27T13:30:00Z", "-P1D", "2026-09-26T14:00:00.000Z"),
    # Into an overlap (02:30 on the 25th): the first.
    ("Europe/Berlin", "2026-10-24T00:30:00Z", "P1D", "2026-10-25T00:30:00.000Z"),
    ("Europe/Berlin", "2026-10-26T01:30:00Z", "-P1D", "2026-10-25T00:30:00.000Z"),
    ("America/New_York", "2026-10-01T05:30:00Z", "P1M", "2026-11-01T05:30:00.000Z"),
    ("Australia/Lord_Howe", "2026-04-03T14:45:00Z", "P1D", "2026-04-04T14:45:00.000Z"),
    # Out of the second of two: the clock is read, whichever it is.
    ("Europe/Berlin", "2026-10-25T01:30:00Z", "P1D", "2026-10-26T01:30:00.000Z"),
    ("Europe/Berlin", "2026-10-25T01:30:00Z", "PT1H", "2026-10-25T02:30:00.000Z"),
    # Nothing to move: the second 02:30 stays the second.
    ("Europe/Berlin", "2026-10-25T01:30:00Z", "P0D", "2026-10-25T01:30:00.000Z"),
]


@pytest.mark.parametrize(("zone", "start", "duration", "end"), SHIFTS)
def test_shift(zone: str, start: str, duration: str, end: str) -> None:
    assert rfc3339(shift(parse_rfc3339(start), parse_duration(duration), zone)) == end


@pytest.mark.parametrize("duration", ["P9000Y", "-P3000Y", "P3000000D", "PT80000000H", "-PT20000000H"])
def test_shift_out_of_the_calendar_is_an_error(duration: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        shift(parse_rfc3339("2026-01-01T00:00:00Z"), parse_duration(duration), "Europe/Berlin")
    assert caught.value.code == "bad_time"

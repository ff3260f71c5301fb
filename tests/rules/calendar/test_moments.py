"""Moments: times, expressions and parts, in zones whose clocks jump."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import PlainDateTime

from rules.calendar.moments import compile_moment
from rules.calendar.times import WEEKDAYS, parse_rfc3339, rfc3339, to_datetime
from rules.errors import EvaluationError, RuleError
from rules.limits import AT_MS_MAX
from rules.types import Scope, Type
from tests.rules.calendar.watching import DAY, HOUR, MINUTE, PLACES, watched

SCOPE = Scope(
    {"vars": {"due": Type.TIMESTAMP, "day": Type.STRING, "n": Type.INT}, "event": {"data": Type.DYN}}
)
NOW = "2026-03-04T08:30:00Z"  # a Wednesday


def resolve(
    raw: object,
    *,
    now: str = NOW,
    due: str | None = None,
    day: str | None = None,
    customer_zone: str = "UTC",
    server_zone: str = "UTC",
) -> str | None:
    given = None if due is None else to_datetime(parse_rfc3339(due))
    context: Mapping[str, object] = {
        "vars": {"due": given, "day": day, "n": 7},
        "event": {"data": {"due": due}},
    }
    at = compile_moment(raw, SCOPE).resolve(
        context, now=parse_rfc3339(now), customer_zone=customer_zone, server_zone=server_zone
    )
    return None if at is None else rfc3339(at).replace(".000Z", "Z")


def test_a_time_is_that_instant_even_if_it_is_past() -> None:
    assert resolve("2026-03-01T09:00:00+13:00") == "2026-02-28T20:00:00Z"


def test_an_expression_may_give_a_time_its_text_or_a_day() -> None:
    assert resolve("=vars.due", due="2026-05-01T00:00:00Z") == "2026-05-01T00:00:00Z"
    assert resolve("=event.data.due", due="2026-05-01T00:00:00Z") == "2026-05-01T00:00:00Z"
    assert resolve("=vars.day", day="2026-05-01", customer_zone="Pacific/Auckland") == "2026-04-30T12:00:00Z"


def test_without_parts_it_is_the_time_of_the_turn() -> None:
    assert resolve({}) == NOW


OFFSETS = [
    ({"offset": "P7D"}, "UTC", "2026-03-11T08:30:00Z"),
    ({"offset": "PT30M"}, "UTC", "2026-03-04T09:00:00Z"),
    ({"from": "=vars.due", "offset": "-P14D"}, "UTC", "2026-05-17T12:00:00Z"),
    ({"from": "2024-01-31T12:00:00Z", "offset": "P1M"}, "UTC", "2024-02-29T12:00:00Z"),
    # A calendar day in the zone in force: 23 hours over the jump in spring.
    ({"from": "2026-03-28T11:00:00Z", "offset": "P1D"}, "Europe/Berlin", "2026-03-29T10:00:00Z"),
    (
        {"from": "2026-03-28T11:00:00Z", "offset": "P1D", "timezone": "UTC"},
        "Europe/Berlin",
        "2026-03-29T11:00:00Z",
    ),
]


@pytest.mark.parametrize(("raw", "zone", "expected"), OFFSETS)
def test_offset(raw: object, zone: str, expected: str) -> None:
    assert resolve(raw, due="2026-05-31T12:00:00Z", customer_zone=zone) == expected


LOCAL = [
    # from the turn: strictly later
    ({"local": "09:00"}, "2026-03-04T08:30:00Z", "UTC", "2026-03-04T09:00:00Z"),
    ({"local": "09:00"}, "2026-03-04T09:00:00Z", "UTC", "2026-03-05T09:00:00Z"),
    ({"local": "09:00"}, "2026-03-04T08:59:59.999Z", "UTC", "2026-03-04T09:00:00Z"),
    ({"local": "00:00"}, "2026-12-31T23:59:00Z", "UTC", "2027-01-01T00:00:00Z"),
    ({"offset": "P1D", "local": "09:00"}, "2026-03-04T08:30:00Z", "UTC", "2026-03-05T09:00:00Z"),
    # from something: that very instant counts
    ({"from": "2026-06-01T09:00:00Z", "local": "09:00"}, NOW, "UTC", "2026-06-01T09:00:00Z"),
    ({"from": "2026-06-01T09:00:01Z", "local": "09:00"}, NOW, "UTC", "2026-06-02T09:00:00Z"),
    # on the customer's clocks
    ({"local": "09:00"}, "2026-03-04T08:30:00Z", "Pacific/Auckland", "2026-03-04T20:00:00Z"),
    ({"local": "09:00"}, "2026-03-04T08:30:00Z", "America/New_York", "2026-03-04T14:00:00Z"),
    # gaps: the first instant after; overlaps: the first of two
    ({"local": "02:30"}, "2026-03-28T12:00:00Z", "Europe/Berlin", "2026-03-29T01:00:00Z"),
    ({"local": "02:30"}, "2026-03-29T01:00:00Z", "Europe/Berlin", "2026-03-30T00:30:00Z"),
    ({"local": "02:30"}, "2026-10-24T12:00:00Z", "Europe/Berlin", "2026-10-25T00:30:00Z"),
    ({"local": "02:30"}, "2026-10-25T00:30:00Z", "Europe/Berlin", "2026-10-26T01:30:00Z"),
    ({"local": "02:30"}, "2026-10-25T01:00:00Z", "Europe/Berlin", "2026-10-26T01:30:00Z"),
    ({"local": "02:30"}, "2026-03-08T00:00:00Z", "America/New_York", "2026-03-08T07:00:00Z"),
    ({"local": "02:30"}, "2026-09-26T00:00:00Z", "Pacific/Auckland", "2026-09-26T14:00:00Z"),
    ({"local": "02:15"}, "2026-10-03T15:00:00Z", "Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ({"local": "01:45"}, "2026-04-04T14:45:00Z", "Australia/Lord_Howe", "2026-04-05T15:15:00Z"),
    ({"local": "01:30"}, "2026-11-01T05:29:59Z", "America/New_York", "2026-11-01T05:30:00Z"),
    ({"local": "01:30"}, "2026-11-01T06:00:00Z", "America/New_York", "2026-11-02T06:30:00Z"),
    ({"local": "00:00"}, "2026-04-23T12:00:00Z", "Africa/Cairo", "2026-04-23T22:00:00Z"),
    ({"local": "23:30"}, "2026-10-29T21:00:00Z", "Africa/Cairo", "2026-10-30T21:30:00Z"),
    # The second of two is not the time that is meant, even where one starts from it.
    ({"from": "2026-10-25T01:30:00Z", "local": "02:30"}, NOW, "Europe/Berlin", "2026-10-26T01:30:00Z"),
    # leap days, ends of months and of the year, on the customer's calendar
    ({"from": "2028-02-28T23:00:00Z", "local": "09:00"}, NOW, "UTC", "2028-02-29T09:00:00Z"),
    ({"from": "2028-01-30T20:00:00Z", "offset": "P1M", "local": "09:00"}, NOW, "Pacific/Auckland",
     "2028-02-28T20:00:00Z"),
    ({"from": "2026-05-31T12:00:00Z", "offset": "-P3M", "local": "18:00"}, NOW, "America/New_York",
     "2026-02-28T23:00:00Z"),
    ({"local": "09:00"}, "2026-12-31T20:00:00Z", "Pacific/Auckland", "2027-01-01T20:00:00Z"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "now", "zone", "expected"), LOCAL)
def test_next_local_time(raw: object, now: str, zone: str, expected: str) -> None:
    assert resolve(raw, now=now, customer_zone=zone) == expected


@given(
    PLACES,
    st.integers(-300, 300),
    st.tuples(st.sampled_from([23, 0, 1, 2, 3]), st.sampled_from([0, 15, 30])),
    st.sets(st.sampled_from(WEEKDAYS), max_size=2),
)
def test_next_local_time_is_the_one_that_one_sees_on_the_clock(
    place: tuple[str, int], minutes: int, local: tuple[int, int], days: set[str]
) -> None:
    zone, jump = place
    now = jump + minutes * MINUTE
    raw: dict[str, object] = {"local": f"{local[0]:02}:{local[1]:02}"} | (
        {"days": list(days)} if days else {}
    )

    def is_meant(time: PlainDateTime) -> bool:
        day = WEEKDAYS[time.date().day_of_week().value - 1]
        return (time.hour, time.minute) == local and (not days or day in days)

    # Some hours before, so that what is shown again is known to be shown again.
    seen = watched(zone, now - 3 * HOUR, now + 15 * DAY, is_meant)
    moment = compile_moment(raw, SCOPE)
    at = moment.resolve({}, now=now, customer_zone=zone, server_zone="UTC")
    assert at == next(instant for instant in seen if instant > now)


WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]
DAYS = [
    # 2026-03-06 is a Friday
    ({"local": "09:00", "days": WORKDAYS}, "2026-03-06T10:00:00Z", "2026-03-09T09:00:00Z"),
    ({"local": "09:00", "days": ["fri"]}, "2026-03-06T09:00:00Z", "2026-03-13T09:00:00Z"),
    ({"local": "09:00", "days": ["fri"]}, "2026-03-06T08:00:00Z", "2026-03-06T09:00:00Z"),
    ({"local": "09:00", "days": ["thu"]}, "2026-03-06T08:00:00Z", "2026-03-12T09:00:00Z"),
    # Without `local` the time of day stays, and only a day that is not listed moves.
    ({"offset": "P1D", "days": WORKDAYS}, "2026-03-05T10:15:00Z", "2026-03-06T10:15:00Z"),
    ({"offset": "P1D", "days": WORKDAYS}, "2026-03-06T10:15:00Z", "2026-03-09T10:15:00Z"),
    ({"from": "2026-03-07T10:15:00Z", "days": ["sun"]}, "2026-03-06T10:15:00Z", "2026-03-08T10:15:00Z"),
]


@pytest.mark.parametrize(("raw", "now", "expected"), DAYS)
def test_days(raw: object, now: str, expected: str) -> None:
    assert resolve(raw, now=now) == expected


def test_clocks_that_go_back_over_midnight_show_a_day_again_and_still_lead_to_the_next_sunday() -> None:
    # 00:01 became 23:01: at this instant it is Saturday again, and Sunday's midnight was a minute ago.
    raw = {"from": "2010-11-07T03:10:00Z", "local": "00:00", "days": ["sun"]}
    assert resolve(raw, customer_zone="America/Goose_Bay") == "2010-11-14T04:00:00Z"


def test_a_day_is_the_customers_day() -> None:
    # Friday evening in UTC is Saturday morning in Auckland.
    raw = {"from": "2026-03-06T21:00:00Z", "days": WORKDAYS}
    assert resolve(raw, customer_zone="UTC") == "2026-03-06T21:00:00Z"
    assert resolve(raw, customer_zone="Pacific/Auckland") == "2026-03-08T21:00:00Z"


PAST = "2026-03-02T07:00:00Z"
IF_PAST = [
    ({"from": PAST}, PAST),
    ({"from": PAST, "if_past": "now"}, PAST),
    ({"from": PAST, "if_past": "skip"}, None),
    ({"from": NOW, "if_past": "skip"}, NOW),
    ({"from": "2026-03-05T00:00:00Z", "if_past": "skip"}, "2026-03-05T00:00:00Z"),
    ({"from": PAST, "local": "07:00", "if_past": "next"}, "2026-03-05T07:00:00Z"),
    ({"from": PAST, "local": "09:00", "if_past": "next"}, "2026-03-04T09:00:00Z"),
    ({"from": PAST, "local": "09:00", "days": ["mon"], "if_past": "next"}, "2026-03-09T09:00:00Z"),
    ({"from": PAST, "if_past": "next"}, "2026-03-05T07:00:00Z"),
    ({"from": "2026-03-02T08:30:00Z", "if_past": "next"}, "2026-03-05T08:30:00Z"),
]


@pytest.mark.parametrize(("raw", "expected"), IF_PAST)
def test_if_past(raw: object, expected: str | None) -> None:
    assert resolve(raw) == expected


def test_customer_without_a_zone_has_the_servers() -> None:
    assert resolve({"local": "09:00"}, customer_zone="", server_zone="Asia/Tokyo") == "2026-03-05T00:00:00Z"
    assert resolve(
        {"local": "09:00", "timezone": "customer"}, customer_zone="Asia/Tokyo", server_zone="Europe/Berlin"
    ) == "2026-03-05T00:00:00Z"  # fmt: skip


def test_named_zone_wins_over_the_customers() -> None:
    raw = {"local": "09:00", "timezone": "Europe/Berlin"}
    assert resolve(raw, now="2026-03-04T07:00:00Z", customer_zone="Asia/Tokyo") == "2026-03-04T08:00:00Z"


def test_reads_what_its_expression_reads() -> None:
    assert compile_moment({"from": "=vars.due"}, SCOPE).reads == {"vars.due"}
    assert compile_moment("2026-03-01T09:00:00Z", SCOPE).reads == frozenset()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (5, "bad_moment"),
        (None, "bad_moment"),
        ("tomorrow", "bad_time"),
        ("{{ vars.due }}", "bad_time"),
        ("=vars.deu", "unknown_name"),
        ("=vars.n", "type_mismatch"),
        ({"from": "=vars.n > 3"}, "type_mismatch"),
        ({"form": "=vars.due"}, "unknown_key"),
        ({"from": 3}, "bad_moment"),
        ({"offset": "2 days"}, "bad_duration"),
        ({"local": "9:00"}, "bad_moment"),
        ({"local": "24:00"}, "bad_moment"),
        ({"local": 540}, "bad_moment"),
        ({"days": []}, "bad_moment"),
        ({"days": ["monday"]}, "bad_moment"),
        ({"days": "mon"}, "bad_moment"),
        ({"timezone": "Mars/Base"}, "unknown_zone"),
        ({"if_past": "later"}, "bad_moment"),
    ],
)
def test_refused_when_compiled(raw: object, code: str) -> None:
    with pytest.raises(RuleError) as caught:
        compile_moment(raw, SCOPE)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("=vars.due", "bad_moment"),
        ("=vars.day", "bad_time"),
        ({"from": "=vars.day", "local": "09:00"}, "bad_time"),
        ({"offset": "P9000Y"}, "bad_time"),
    ],
)
def test_fails_when_it_gives_no_time(raw: object, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        resolve(raw, day="2026-02-30")
    assert caught.value.code == code


def test_text_that_is_no_time_fails() -> None:
    with pytest.raises(EvaluationError, match="bad_time"):
        resolve("=vars.day", day="soon")


def test_unknown_zone_of_a_customer_fails() -> None:
    with pytest.raises(EvaluationError, match="unknown_zone"):
        resolve({"local": "09:00"}, customer_zone="Mars/Base")


@pytest.mark.parametrize("raw", [{"local": "09:00"}, {"local": "09:00", "days": ["tue"]}])
def test_no_local_time_follows_the_end_of_the_calendar(raw: object) -> None:
    moment = compile_moment(raw, SCOPE)
    with pytest.raises(EvaluationError, match="bad_time"):
        moment.resolve({}, now=AT_MS_MAX, customer_zone="UTC", server_zone="UTC")

"""Schedules on clocks that jump: each named time happens once; what was missed; what authors see."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar.moments import compile_moment
from rules.calendar.schedules import (
    ONCE_SCOPE,
    Backlog,
    Once,
    jitter_ms,
    missed,
    next_after,
    occurrences,
    parse_cron,
    preview,
)
from rules.calendar.times import parse_rfc3339, rfc3339
from rules.errors import EvaluationError, RuleError
from rules.limits import AT_MS_MAX, AT_MS_MIN, MISSED_RUNS_MAX, PREVIEW_RUNS_MAX
from tests.rules.calendar.watching import DAY, HOUR, MINUTE, PLACES, watched


def at(text: str) -> int:
    return parse_rfc3339(text)


def short(instants: tuple[int, ...]) -> list[str]:
    return [rfc3339(instant).removesuffix(":00.000Z") for instant in instants]


def once(raw: object, published: str) -> Once:
    return Once(compile_moment(raw, ONCE_SCOPE), at(published))


RUNS = [
    # zone, rule, from and until (UTC; the first left out), the runs (UTC)
    # -- gaps: the first instant after, all of a gap in one run
    ("Europe/Berlin", "30 2 * * *", "2026-03-28T01:30", "2026-03-30T12:00",
     ["2026-03-29T01:00", "2026-03-30T00:30"]),
    ("Europe/Berlin", "0 2 * * *", "2026-03-28T12:00", "2026-03-29T12:00", ["2026-03-29T01:00"]),
    ("Europe/Berlin", "0 3 * * *", "2026-03-28T12:00", "2026-03-29T12:00", ["2026-03-29T01:00"]),
    ("Europe/Berlin", "*/20 2 * * *", "2026-03-28T12:00", "2026-03-29T12:00", ["2026-03-29T01:00"]),
    ("Europe/Berlin", "*/30 * * * *", "2026-03-29T00:00", "2026-03-29T02:00",
     ["2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30", "2026-03-29T02:00"]),
    ("Europe/Berlin", "30 * * * *", "2026-03-28T23:30", "2026-03-29T02:00",
     ["2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30"]),
    ("America/New_York", "30 2 * * SUN", "2026-03-07T00:00", "2026-03-09T00:00", ["2026-03-08T07:00"]),
    ("Pacific/Auckland", "30 2 * * *", "2026-09-26T00:00", "2026-09-27T00:00", ["2026-09-26T14:00"]),
    # half an hour: 02:00 to 02:30
    ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00", "2026-10-04T00:00", ["2026-10-03T15:30"]),
    ("Australia/Lord_Howe", "*/15 * * * *", "2026-10-03T15:00", "2026-10-03T16:00",
     ["2026-10-03T15:15", "2026-10-03T15:30", "2026-10-03T15:45", "2026-10-03T16:00"]),
    # a whole day, and a gap that midnight lies in
    ("Pacific/Apia", "0 9,17 * * *", "2011-12-29T20:00", "2011-12-31T00:00",
     ["2011-12-30T03:00", "2011-12-30T10:00", "2011-12-30T19:00"]),
    ("Africa/Cairo", "0 0 * * *", "2026-04-23T00:00", "2026-04-24T12:00", ["2026-04-23T22:00"]),
    # -- overlaps: the first of two, once
    ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00", "2026-10-26T12:00",
     ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ("Europe/Berlin", "*/30 * * * *", "2026-10-24T23:30", "2026-10-25T02:30",
     ["2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T02:00", "2026-10-25T02:30"]),
    ("Europe/Berlin", "0 * * * *", "2026-10-24T23:00", "2026-10-25T03:00",
     ["2026-10-25T00:00", "2026-10-25T02:00", "2026-10-25T03:00"]),
    ("America/New_York", "0,30 1 * * *", "2026-11-01T00:00", "2026-11-01T12:00",
     ["2026-11-01T05:00", "2026-11-01T05:30"]),
    ("Pacific/Auckland", "30 2 * * *", "2026-04-04T00:00", "2026-04-05T00:00", ["2026-04-04T13:30"]),
    # half an hour: 01:30 to 02:00
    ("Australia/Lord_Howe", "*/15 1 * * *", "2026-04-04T13:45", "2026-04-05T00:00",
     ["2026-04-04T14:00", "2026-04-04T14:15", "2026-04-04T14:30", "2026-04-04T14:45"]),
    # midnight goes back to 23:00: the day before gets longer
    ("Africa/Cairo", "30 23 * * *", "2026-10-29T12:00", "2026-10-30T22:00",
     ["2026-10-29T20:30", "2026-10-30T21:30"]),
    ("Africa/Cairo", "0 0 * * *", "2026-10-29T12:00", "2026-10-30T12:00", ["2026-10-29T22:00"]),
    # -- from within the second of two
    ("Europe/Berlin", "*/15 * * * *", "2026-10-25T01:00", "2026-10-25T02:15",
     ["2026-10-25T02:00", "2026-10-25T02:15"]),
    ("Europe/Berlin", "*/15 * * * *", "2026-10-25T01:59", "2026-10-25T02:00", ["2026-10-25T02:00"]),
    # -- no clock jumps
    ("UTC", "*/30 * * * *", "2026-10-25T00:30", "2026-10-25T02:00",
     ["2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"]),
    ("Asia/Kathmandu", "0 9 * * *", "2026-03-04T00:00", "2026-03-05T00:00", ["2026-03-04T03:15"]),
    # -- ends of months and leap days, as the zone's calendar has them
    ("Pacific/Auckland", "0 9 L * *", "2028-02-01T00:00", "2028-03-31T00:00",
     ["2028-02-28T20:00", "2028-03-30T20:00"]),
    ("America/New_York", "0 21 29 2 *", "2026-01-01T00:00", "2033-01-01T00:00",
     ["2028-03-01T02:00", "2032-03-01T02:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "rule", "after", "until", "expected"), RUNS)
def test_each_named_time_happens_once(
    zone: str, rule: str, after: str, until: str, expected: list[str]
) -> None:
    runs = occurrences(parse_cron(rule), zone, at(f"{after}:00Z"), at(f"{until}:00Z"), 100)
    assert short(runs) == expected


@pytest.mark.parametrize(("zone", "rule", "after", "until", "expected"), RUNS)
def test_one_run_leads_to_the_next(zone: str, rule: str, after: str, until: str, expected: list[str]) -> None:
    cron, now, walked = parse_cron(rule), at(f"{after}:00Z"), []
    while (run := next_after(cron, zone, now)) is not None and run <= at(f"{until}:00Z"):
        walked.append(now := run)
    assert short(tuple(walked)) == expected


@pytest.mark.parametrize(("zone", "rule", "after", "until", "expected"), RUNS)
def test_looking_back_finds_the_same_runs(
    zone: str, rule: str, after: str, until: str, expected: list[str]
) -> None:
    backlog = missed(
        parse_cron(rule), zone, handled=at(f"{after}:00Z"), now=at(f"{until}:00Z"), catch_up_ms=-1
    )
    assert short(backlog.missed) == expected


@given(PLACES, st.sets(st.integers(0, 59), min_size=1, max_size=4), st.sets(st.integers(0, 4), min_size=1))
def test_runs_are_those_that_one_sees_on_the_clock(
    place: tuple[str, int], minutes: set[int], hours: set[int]
) -> None:
    zone, jump = place
    rule = parse_cron(f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *")
    start, until = jump - 90 * MINUTE, jump + 90 * MINUTE
    seen = list(watched(zone, start, until, lambda time: time.minute in minutes and time.hour in hours))
    assert list(occurrences(rule, zone, start, until, 1_000)) == seen
    assert list(missed(rule, zone, handled=start, now=until, catch_up_ms=-1).missed) == seen


def test_limit_cuts_a_long_list() -> None:
    start = at("2026-03-04T00:00:00Z")
    assert len(occurrences(parse_cron("* * * * *"), "UTC", start, start + DAY, 7)) == 7


@pytest.mark.parametrize("rule", ["* * * * *", "0 0 1 1 *", "0 0 29 2 */7"])
def test_no_run_follows_the_end_of_the_calendar_nor_precedes_its_start(rule: str) -> None:
    cron = parse_cron(rule)
    for zone in ("UTC", "Pacific/Auckland", "America/New_York"):
        assert next_after(cron, zone, AT_MS_MAX) is None
        assert occurrences(cron, zone, AT_MS_MAX - HOUR, AT_MS_MAX, 1_000) == tuple(
            range(AT_MS_MAX - HOUR + MINUTE, AT_MS_MAX + 1, MINUTE) if rule == "* * * * *" else ()
        )
        backlog = missed(cron, zone, handled=AT_MS_MIN - 1, now=AT_MS_MIN, catch_up_ms=-1)
        assert backlog.missed in ((), (AT_MS_MIN,))


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(RuleError, match="unknown_zone"):
        next_after(parse_cron("* * * * *"), "Mars/Base", 0)


# --- once ----------------------------------------------------------------------------------------------

PUBLISHED = "2026-03-04T08:30:00Z"
ONCE = [
    ("2026-06-01T09:00:00Z", "UTC", "2026-06-01T09:00"),
    ({"offset": "P1D"}, "UTC", "2026-03-05T08:30"),
    ({"from": "=plus(now, 'P1D')"}, "UTC", "2026-03-05T08:30"),
    # in the trigger's zone, unless the moment has its own
    ({"local": "09:00"}, "Pacific/Auckland", "2026-03-04T20:00"),
    ({"local": "09:00", "timezone": "Europe/Berlin"}, "Pacific/Auckland", "2026-03-05T08:00"),
    # past when published: as it is, or none, or the next such time
    ("2026-03-01T09:00:00Z", "UTC", "2026-03-01T09:00"),
    ({"from": "2026-03-01T09:00:00Z", "if_past": "skip"}, "UTC", None),
    ({"from": "2026-03-01T09:00:00Z", "if_past": "next"}, "UTC", "2026-03-04T09:00"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "zone", "expected"), ONCE)
def test_once_runs_once(raw: object, zone: str, expected: str | None) -> None:
    schedule = once(raw, PUBLISHED)
    run = schedule.run(zone)
    assert (None if run is None else short((run,))[0]) == expected
    if run is None:
        assert next_after(schedule, zone, AT_MS_MIN) is None
        assert missed(schedule, zone, handled=AT_MS_MIN, now=AT_MS_MAX, catch_up_ms=0) == Backlog(
            None, (), is_cut=False
        )
        return
    assert next_after(schedule, zone, run - 1) == run
    assert next_after(schedule, zone, run) is None
    assert occurrences(schedule, zone, run - 1, run, 9) == (run,)
    assert missed(schedule, zone, handled=run - 1, now=run, catch_up_ms=0).late == run
    assert missed(schedule, zone, handled=run, now=run + 1, catch_up_ms=DAY).late is None
    assert missed(schedule, zone, handled=run - 2, now=run - 1, catch_up_ms=DAY).late is None


def test_publishing_again_makes_no_other_run_of_a_past_moment() -> None:
    runs = {
        once("2026-03-01T09:00:00Z", published).run("UTC")
        for published in (PUBLISHED, "2027-01-01T00:00:00Z")
    }
    assert len(runs) == 1


def test_once_reads_only_the_time_of_publishing() -> None:
    with pytest.raises(RuleError, match="unknown_name"):
        compile_moment("=customer.birthday", ONCE_SCOPE)


def test_once_outside_of_the_calendar_is_an_error_that_publishing_finds() -> None:
    with pytest.raises(EvaluationError, match="bad_time"):
        once({"offset": "P9000Y"}, PUBLISHED).run("UTC")


# --- what was missed -----------------------------------------------------------------------------------

HANDLED = "2026-03-04T06:00:00Z"
MISSED = [
    # rule, now, catch up, late, missed
    ("0 * * * *", "2026-03-04T06:59:59.999Z", HOUR, None, []),
    ("0 * * * *", "2026-03-04T07:00:00Z", 0, "2026-03-04T07:00", []),
    ("0 * * * *", "2026-03-04T07:00:00.001Z", 0, None, ["2026-03-04T07:00"]),
    ("0 7 * * *", "2026-03-04T08:00:00Z", HOUR, "2026-03-04T07:00", []),
    ("0 7 * * *", "2026-03-04T08:00:00.001Z", HOUR, None, ["2026-03-04T07:00"]),
    # the newest within reach happens, those before it do not
    ("0 * * * *", "2026-03-04T09:10:00Z", HOUR, "2026-03-04T09:00", ["2026-03-04T07:00", "2026-03-04T08:00"]),
    ("*/30 * * * *", "2026-03-04T07:10:00Z", HOUR, "2026-03-04T07:00", ["2026-03-04T06:30"]),
    # what was handled is not missed; a clock that went back owes nothing
    ("0 6 * * *", "2026-03-04T06:30:00Z", HOUR, None, []),
    ("* * * * *", "2026-03-04T05:00:00Z", HOUR, None, []),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "now", "catch_up", "late", "recorded"), MISSED)
def test_missed_runs(rule: str, now: str, catch_up: int, late: str | None, recorded: list[str]) -> None:
    backlog = missed(parse_cron(rule), "UTC", handled=at(HANDLED), now=at(now), catch_up_ms=catch_up)
    assert backlog.late == (None if late is None else at(f"{late}:00Z"))
    assert short(backlog.missed) == recorded
    assert not backlog.is_cut


@pytest.mark.parametrize("catch_up", [HOUR, -1])
@pytest.mark.parametrize(("beyond", "is_cut"), [(0, False), (1, True), (1_000_000, True)])
def test_only_so_many_missed_runs_are_told_the_newest(catch_up: int, beyond: int, is_cut: bool) -> None:
    now = at(HANDLED)
    late_count = 1 if catch_up == HOUR else 0
    handled = now - (MISSED_RUNS_MAX + late_count + beyond) * MINUTE
    backlog = missed(parse_cron("* * * * *"), "UTC", handled=handled, now=now, catch_up_ms=catch_up)
    assert backlog.is_cut is is_cut
    newest = now - late_count * MINUTE
    assert backlog.missed == tuple(range(newest - (MISSED_RUNS_MAX - 1) * MINUTE, newest + 1, MINUTE))
    assert backlog.late == (now if late_count else None)


# --- jitter --------------------------------------------------------------------------------------------


def jitter(max_ms: int, customer: str = "c-1") -> int:
    return jitter_ms(flow="f", trigger="t", at=0, customer=customer, max_ms=max_ms)


def test_jitter_stays_what_it_is_across_versions_of_the_server() -> None:
    assert [jitter(HOUR, f"c-{number}") for number in range(3)] == [1_325_445, 2_238_956, 1_411_078]


def test_jitter_is_spread_evenly_over_all_of_its_range() -> None:
    drawn = Counter(jitter(9, f"c-{number}") for number in range(2_000))
    assert sorted(drawn) == list(range(10))
    assert all(150 < count < 250 for count in drawn.values())
    assert jitter(0) == 0


def test_jitter_depends_on_each_of_its_parts_and_on_where_one_ends() -> None:
    parts = product(("f", "ft"), ("t", "tt"), (0, 1), ("c", "1c"))
    drawn = {
        jitter_ms(flow=flow, trigger=trigger, at=at, customer=customer, max_ms=1 << 60)
        for flow, trigger, at, customer in parts
    }
    assert len(drawn) == 16


# --- preview -------------------------------------------------------------------------------------------


def test_preview_says_what_the_clocks_do_to_a_run() -> None:
    gap = preview(parse_cron("30 2 * * *"), "Europe/Berlin", at("2026-03-28T12:00:00Z"), 2)
    assert [(run.local, run.note) for run in gap] == [
        (
            "2026-03-29T03:00:00+02:00",
            "The clocks skip 02:30 on this day: it happens right after the gap, at 03:00.",
        ),
        ("2026-03-30T02:30:00+02:00", ""),
    ]
    overlap = preview(parse_cron("45 1 * * *"), "Australia/Lord_Howe", at("2026-04-04T00:00:00Z"), 2)
    assert [(run.at, run.local, run.note) for run in overlap] == [
        (
            at("2026-04-04T14:45:00Z"),
            "2026-04-05T01:45:00+11:00",
            "The clocks show 01:45 twice on this day: it happens the first time.",
        ),
        (at("2026-04-05T15:15:00Z"), "2026-04-06T01:45:00+10:30", ""),
    ]


def test_preview_of_a_single_run() -> None:
    runs = preview(once({"local": "09:00"}, PUBLISHED), "Pacific/Auckland", at(PUBLISHED), 5)
    assert [(run.local, run.note) for run in runs] == [("2026-03-05T09:00:00+13:00", "")]


def test_preview_is_bounded() -> None:
    runs = preview(parse_cron("* * * * *"), "UTC", at(PUBLISHED), PREVIEW_RUNS_MAX + 1)
    assert len(runs) == PREVIEW_RUNS_MAX

"""Waits and lengths of time on the customer's clocks: gaps, overlaps, ends of months, leap days (0017)."""

from __future__ import annotations

import pytest

from rules.calendar.times import parse_rfc3339, rfc3339
from rules.customers.profile import Profile, new_profile, replace
from rules.decide import enter
from rules.effects import Refusal
from rules.entry import Admitted
from rules.inputs import Started
from rules.ledgers import Ledger, Passes
from rules.world import Identity, World
from tests.rules.playing import (
    NOW,
    SECOND,
    Part,
    document,
    flow_of,
    on_event,
    on_time,
    pause,
    play,
    send,
    wait,
)

BERLIN, NEW_YORK, AUCKLAND, LORD_HOWE = (
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
)


def at_home(zone: str) -> Profile:
    return replace(new_profile("c-1", NOW), {"timezone": zone}, NOW)


LOCAL: list[tuple[str, Part, str]] = [
    # zone, moment, when the wait wakes; NOW is 2026-02-02T02:40Z
    # gaps: the first instant after
    (BERLIN, {"from": "2026-03-28T12:00:00Z", "local": "02:30"}, "2026-03-29T01:00:00.000Z"),
    (NEW_YORK, {"from": "2026-03-08T00:00:00Z", "local": "02:30"}, "2026-03-08T07:00:00.000Z"),
    (AUCKLAND, {"from": "2026-09-26T00:00:00Z", "local": "02:30"}, "2026-09-26T14:00:00.000Z"),
    (LORD_HOWE, {"from": "2026-10-03T15:00:00Z", "local": "02:15"}, "2026-10-03T15:30:00.000Z"),
    (BERLIN, {"from": "2026-03-28T01:30:00Z", "offset": "P1D"}, "2026-03-29T01:00:00.000Z"),
    # overlaps: the first of two
    (BERLIN, {"from": "2026-10-24T12:00:00Z", "local": "02:30"}, "2026-10-25T00:30:00.000Z"),
    (NEW_YORK, {"from": "2026-11-01T00:00:00Z", "local": "01:30"}, "2026-11-01T05:30:00.000Z"),
    (AUCKLAND, {"from": "2026-04-04T00:00:00Z", "local": "02:30"}, "2026-04-04T13:30:00.000Z"),
    (LORD_HOWE, {"from": "2026-04-04T00:00:00Z", "local": "01:45"}, "2026-04-04T14:45:00.000Z"),
    # ends of months and leap days
    (AUCKLAND, {"from": "2027-01-30T20:00:00Z", "offset": "P1M"}, "2027-02-27T20:00:00.000Z"),
    (NEW_YORK, {"from": "2028-01-31T17:00:00Z", "offset": "P1M"}, "2028-02-29T17:00:00.000Z"),
    (BERLIN, {"from": "2028-02-29T11:00:00Z", "offset": "P1Y"}, "2029-02-28T11:00:00.000Z"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "moment", "expected"), LOCAL)
def test_a_wait_for_a_local_time_wakes_where_clocks_jump(zone: str, moment: Part, expected: str) -> None:
    waiting = document({"w": wait(on_time("t", at=moment, next="a"))})
    playing = play(waiting, profile=at_home(zone))
    (timer,) = playing.state.timers
    assert rfc3339(timer.due) == expected
    assert playing.later(timer.due - NOW - 1).at == ["w"]
    assert playing.later(1).log == ["a"]


# Two months are two months on the clock: Berlin's has jumped by then, Auckland's has not.
TWO_MONTHS = {
    BERLIN: parse_rfc3339("2026-04-02T01:40:00Z"),
    AUCKLAND: parse_rfc3339("2026-04-02T02:40:00Z"),
}
NEVER: Part = on_event("x", "never")
COLLECT: Part = {"type": "collect", "events": "never"}
LENGTHS: dict[str, str] = {
    "after of an outcome": document({"w": wait(on_time("t", after="P2M"))}),
    "deadline of a wait": document({"w": wait(NEVER, deadline={"after": "P2M"})}),
    "after of an exit": document({"w": wait(NEVER)}, exits=[on_time("t", after="P2M")]),
    "offset of a moment": document({"w": wait(on_time("t", at={"offset": "P2M"}))}),
    "expiry of a card": document({"send": send(delivery={"expires_after": "P2M"})}, start="send"),
    "for of a collect": document({"c": {**COLLECT, "for": "P2M"}}, start="c"),
    "timeout of a collect": document(
        {"c": {**COLLECT, "for": "PT1S", "from": "first", "timeout": "P2M"}}, start="c"
    ),
    "age of an instance": document({"w": wait(NEVER)}, entry={"max_age": "P2M"}),
}


@pytest.mark.parametrize("zone", TWO_MONTHS)
@pytest.mark.parametrize("text", LENGTHS.values(), ids=LENGTHS)
def test_every_length_of_time_goes_by_the_customers_calendar(text: str, zone: str) -> None:
    playing = play(text, profile=at_home(zone))
    assert [timer.due for timer in playing.state.timers] == [TWO_MONTHS[zone]]


# Four months before the second in which the step runs: summer in Berlin, and in Auckland already.
OPENED = [(BERLIN, "2025-10-02T01:40:01Z"), (AUCKLAND, "2025-10-02T02:40:01Z")]


@pytest.mark.parametrize(("zone", "opened"), OPENED)
def test_the_window_of_a_limit_goes_by_the_customers_calendar(zone: str, opened: str) -> None:
    steps = {
        "w": pause("l", after="PT1S"),
        "l": {"type": "limit", "max": 1, "per": "P4M", "next": "a", "else": "b"},
    }

    def passes(at: int) -> object:
        ledger = Ledger(passes={"l/": Passes(at, 1)})
        return play(document(steps), profile=at_home(zone), ledger=ledger).later(SECOND).log

    assert passes(parse_rfc3339(opened)) == ["a"]
    assert passes(parse_rfc3339(opened) + 1) == ["b"]


@pytest.mark.parametrize("zone", TWO_MONTHS)
def test_the_period_of_entry_goes_by_the_customers_calendar(zone: str) -> None:
    flow = flow_of(document({"w": pause()}, entry={"limit": {"max": 1, "per": "P2M"}}))

    def entered(now: int) -> Admitted | Refusal:
        return enter(
            flow,
            Started(trigger="api", trigger_type="api"),
            Identity(id="i", customer="c-1"),
            customer=at_home(zone),
            living=(),
            now=now,
            world=World(ledger=Ledger(starts={"": (NOW,)})),
        )

    assert isinstance(entered(TWO_MONTHS[zone] - 1), Refusal)
    assert isinstance(entered(TWO_MONTHS[zone]), Admitted)


# --- moments that are skipped ---------------------------------------------------------------------------

SKIPPED: Part = {"from": "2020-01-01T00:00:00Z", "if_past": "skip"}
FAR: Part = on_time("far", after="P9D")
SKIPPING: list[tuple[str, str, list[str]]] = [
    # the place, a flow in which the moment there is past and says skip, and what is armed: kinds of timers
    ("outcome", document({"w": wait(on_time("t", at=SKIPPED), FAR)}), ["outcome"]),
    ("deadline", document({"w": wait(FAR, deadline={"at": SKIPPED})}), ["outcome"]),
    ("exit", document({"w": wait(FAR)}, exits=[on_time("t", at=SKIPPED)]), ["outcome"]),
    ("publication", document({"send": send(delivery={"publish_at": SKIPPED})}, start="send"), []),
    ("expiry", document({"send": send(delivery={"expires_at": SKIPPED})}, start="send"), []),
]


@pytest.mark.parametrize(("place", "text", "armed"), SKIPPING)
def test_a_moment_that_is_skipped_arms_nothing(place: str, text: str, armed: list[str]) -> None:
    playing = play(text)
    assert [timer.kind.value for timer in playing.state.timers] == armed
    assert [card.step for card in playing.state.cards] == (["send"] if place == "expiry" else [])


def test_a_collect_whose_end_is_skipped_ends_at_once() -> None:
    steps: dict[str, Part] = {"c": {"type": "collect", "events": "x", "until": SKIPPED, "next": "a"}}
    playing = play(document(steps, start="c")).later(0)
    assert (playing.log, playing.output("c")["count"]) == (["a"], 0)

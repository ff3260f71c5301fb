"""A customer moves to another zone: what is armed stays at its instant, what is armed next follows (0018)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rules.calendar.times import parse_rfc3339
from rules.customers.profile import new_profile, replace
from tests.rules.playing import (
    DAY,
    HOUR,
    NOW,
    Part,
    Playing,
    document,
    on_event,
    on_time,
    pause,
    play,
    send,
    wait,
)

BERLIN, AUCKLAND = "Europe/Berlin", "Pacific/Auckland"
# NOW is 2026-02-02T02:40Z: 03:40 in Berlin, 15:40 in Auckland.
BERLIN_NINE, AUCKLAND_NINE = parse_rfc3339("2026-02-02T08:00:00Z"), parse_rfc3339("2026-02-02T20:00:00Z")


def playing_in(zone: str, steps: Mapping[str, object], *, start: object = "w", **more: object) -> Playing:
    profile = replace(new_profile("c-1", NOW), {"timezone": zone}, NOW)
    return play(document(steps, start=start, **more), profile=profile)


def due(playing: Playing) -> list[int]:
    return [timer.due for timer in playing.state.timers]


ARMED: list[tuple[Part, str, int]] = [
    # outcome, zone, its instant
    ({"at": {"local": "09:00"}}, BERLIN, BERLIN_NINE),
    ({"at": {"local": "09:00"}}, AUCKLAND, AUCKLAND_NINE),
    ({"at": {"local": "09:00", "timezone": AUCKLAND}}, BERLIN, AUCKLAND_NINE),
    ({"at": {"from": "2026-02-02T00:00:00Z", "local": "09:00", "days": ["fri"]}}, AUCKLAND,
     parse_rfc3339("2026-02-05T20:00:00Z")),
    # Two months are two months on the clock: it jumps in Berlin in March, in Auckland not before April.
    ({"after": "P2M"}, BERLIN, parse_rfc3339("2026-04-02T01:40:00Z")),
    ({"after": "P2M"}, AUCKLAND, parse_rfc3339("2026-04-02T02:40:00Z")),
    ({"after": "PT1440H"}, BERLIN, NOW + 60 * DAY),
]  # fmt: skip


@pytest.mark.parametrize(("time", "zone", "expected"), ARMED)
def test_a_wait_that_is_armed_stays_when_the_customer_moves(time: Part, zone: str, expected: int) -> None:
    playing = playing_in(zone, {"w": wait(on_time("t", **time, next="a"))})
    assert due(playing) == [expected]
    playing.write_customer(timezone=BERLIN if zone == AUCKLAND else AUCKLAND)
    assert due(playing) == [expected]
    assert playing.later(expected - NOW - 1).at == ["w"]
    assert playing.later(1).log == ["a"]


def test_so_do_deadlines_exits_and_the_times_of_a_card() -> None:
    nine: Part = {"local": "09:00"}
    steps = {
        "send": send("w", delivery={"publish_at": {"local": "08:00"}, "expires_at": nine}),
        "w": wait(on_event("x", "go"), deadline={"at": nine, "next": "a"}),
    }
    exits = [on_time("out", at={"local": "10:00"})]
    playing = playing_in(BERLIN, steps, start="send", exits=exits)
    before = due(playing)
    assert sorted(before) == [BERLIN_NINE - HOUR, BERLIN_NINE, BERLIN_NINE, BERLIN_NINE + HOUR]
    playing.write_customer(timezone=AUCKLAND)
    assert due(playing) == before
    assert playing.card("send").expires_at == BERLIN_NINE


def test_a_loop_follows_the_customer_at_its_next_round() -> None:
    daily = {
        "w": wait(on_time("t", at={"local": "09:00"}, next="again")),
    }
    playing = playing_in(BERLIN, daily).write_customer(timezone=AUCKLAND)
    playing.later(BERLIN_NINE - NOW)
    # 08:00 UTC is 21:00 in Auckland, where it is nine again at 20:00 UTC.
    assert (playing.log, due(playing)) == (["again"], [AUCKLAND_NINE])


def test_a_step_that_moves_the_customer_is_followed_in_the_same_turn() -> None:
    steps = {
        "move": {"type": "update_customer", "set": {"timezone": AUCKLAND}, "next": "w"},
        "w": wait(on_time("t", at={"local": "09:00"}, next="a")),
    }
    assert due(playing_in(BERLIN, steps, start="move")) == [AUCKLAND_NINE]


def test_customer_who_takes_the_zone_back_has_the_servers() -> None:
    steps = {"z": pause("w", after="PT1S"), "w": wait(on_time("t", at={"local": "09:00"}, next="a"))}
    playing = playing_in(AUCKLAND, steps, start="z").write_customer(timezone=None).later(1_000)
    assert due(playing) == [parse_rfc3339("2026-02-02T09:00:00Z")]


def test_a_card_that_is_updated_gets_its_new_times_in_the_new_zone() -> None:
    steps = {
        "send": send("w", delivery={"expires_at": {"local": "09:00"}}),
        "w": wait(on_event("x", "go", next="up")),
        "up": {
            "type": "update_card",
            "of": "send",
            "delivery": {"expires_at": {"local": "09:00"}},
            "next": "z",
        },
        "z": pause(),
    }
    playing = playing_in(BERLIN, steps, start="send").write_customer(timezone=AUCKLAND).event("go")
    assert playing.card("send").expires_at == AUCKLAND_NINE

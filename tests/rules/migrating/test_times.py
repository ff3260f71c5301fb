"""Timers of a moved instance: what has not changed rings when it would have, what has as of its arming."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rules.calendar.times import rfc3339
from rules.customers.profile import new_profile, replace
from rules.decide import faulted
from rules.inputs import TimeCame
from rules.migrating.plan import Plan, Reason
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

FIXED = rfc3339(NOW + 3 * DAY)


def due(playing: Playing) -> list[int]:
    return sorted(timer.due - NOW for timer in playing.state.timers)


def timed(**more: object) -> str:
    return document({"w": wait(on_time("t", **{"next": "a", **more}))})


# The instance waits for an hour when it is moved.
CHANGES: list[tuple[Part, Part, list[int]]] = [
    ({"after": "P1D"}, {"after": "P1D"}, [DAY]),
    ({"after": "P1D"}, {"after": "P2D"}, [2 * DAY]),
    ({"after": "P1D"}, {"after": "PT30M"}, [HOUR // 2]),
    ({"after": "P1D"}, {"at": FIXED}, [3 * DAY]),
    ({"after": "P1D"}, {"at": {"offset": "P5D"}}, [5 * DAY]),
    ({"after": "P1D"}, {"at": '=plus(now, "P2D")'}, [2 * DAY]),
    ({"after": "P1D"}, {"at": {"from": rfc3339(NOW - DAY), "if_past": "skip"}}, []),
    ({"at": {"from": rfc3339(NOW - DAY), "if_past": "skip"}}, {"after": "P1D"}, [DAY]),
    ({"at": {"offset": "P5D"}}, {"at": {"offset": "P5D"}}, [5 * DAY]),
    ({"after": "P1D", "next": "b"}, {"after": "P1D"}, [DAY]),
]


@pytest.mark.parametrize(("before", "after", "expected"), CHANGES)
def test_a_time_counts_from_when_its_wait_was_reached(before: Part, after: Part, expected: list[int]) -> None:
    playing = play(timed(**before)).later(HOUR).move(timed(**after))
    assert (playing.at, due(playing)) == (["w"], expected)


def test_a_time_that_is_past_as_it_is_now_comes_at_once() -> None:
    playing = play(timed(after="P9D")).later(DAY).move(timed(after="PT1H", next="b"))
    assert playing.turn.due == NOW + HOUR
    assert playing.later(0).log == ["b"]


def test_an_outcome_keeps_its_instant_when_the_customer_has_moved() -> None:
    profile = replace(new_profile("c-1", NOW), {"timezone": "Europe/Berlin"}, NOW)
    text = timed(at={"local": "09:00"})
    playing = play(text, profile=profile)
    before = due(playing)
    playing.write_customer(timezone="Pacific/Auckland").move(text)
    assert due(playing) == before


def test_a_token_that_is_mapped_counts_from_when_it_came_to_the_old_step() -> None:
    old = document({"z": pause("w", after="PT1H"), "w": pause("a", after="P1D")}, start="z")
    new = document({"v": pause("b", after="P3D")}, start="v")
    playing = play(old).later(HOUR).later(HOUR).move(new, Plan(steps={"w": "v"}))
    assert due(playing) == [HOUR + 3 * DAY]


DEADLINES: list[tuple[Part, Part, list[int]]] = [
    ({"after": "P1D", "next": "b"}, {"after": "P1D", "next": "a"}, [DAY]),
    ({"after": "P1D"}, {"after": "P2D"}, [2 * DAY]),
    ({"after": "P1D"}, {}, []),
    ({}, {"after": "P2D"}, [2 * DAY]),
]


@pytest.mark.parametrize(("before", "after", "expected"), DEADLINES)
def test_deadlines_likewise(before: Part, after: Part, expected: list[int]) -> None:
    def text(deadline: Part) -> str:
        more = {"deadline": deadline} if deadline else {}
        return document({"w": wait(on_event("x", "x", next=["a", "b"]), **more)})

    assert due(play(text(before)).later(HOUR).move(text(after))) == expected


def test_a_fault_s_timer_is_armed_anew_or_comes_back_but_not_both() -> None:
    both = wait(on_time("t", after="PT1H", next="a"), on_event("x", "x", next="b"))
    playing = play(document({"w": both})).later(HOUR // 2)
    turn = faulted(playing.state, TimeCame(), now=NOW + HOUR, message="broken")
    playing.state, playing.now = turn.state, NOW + HOUR
    same = document({"w": both})
    assert due(playing.move(same)) == []
    other = document({"w": wait(on_time("t", after="PT2H", next="a"), on_event("x", "x", next="b"))})
    assert due(playing.move(other)) == [2 * HOUR]
    assert due(playing.repair()) == [2 * HOUR]


def test_a_fault_s_timer_of_a_token_that_has_gone_does_not_come_back() -> None:
    steps = {"w": {"type": "collect", "events": "x", "for": "PT1H", "next": "a"}, "c": pause("a")}
    text = document(steps, exits=[on_event("out", "out", next="c")])
    playing = play(text)
    playing.state = faulted(playing.state, TimeCame(), now=NOW + HOUR, message="broken").state
    playing.event("out").move(text)
    assert playing.state.missed == ()
    assert playing.repair().at == ["c"]


# --- exits and age -------------------------------------------------------------------------------------


def leaving(*exits: Part, **more: object) -> str:
    return document(
        {"w": wait(on_event("x", "x", next=["a", "b"])), "c": pause(after="P20D")}, exits=[*exits], **more
    )


EXITS: list[tuple[list[Part], list[Part], list[int]]] = [
    ([on_time("e", after="P1D")], [on_time("e", after="P1D", outcome="o")], [DAY]),
    ([on_time("e", after="P1D")], [on_time("e", after="P2D")], [2 * DAY]),
    ([on_time("e", after="P1D")], [on_event("e", "e", next="c")], []),
    ([on_event("e", "e", next="c")], [on_time("e", after="P2D"), on_event("f", "e", next="c")], [2 * DAY]),
    ([on_time("e", after="P1D")], [], []),
]


@pytest.mark.parametrize(("before", "after", "expected"), EXITS)
def test_exits_count_from_the_start(before: list[Part], after: list[Part], expected: list[int]) -> None:
    keep: dict[str, object] = {"entry": {"max_age": "P90D"}}
    playing = play(leaving(*before, on_event("z", "z", next="c"), **keep)).later(HOUR)
    playing.move(leaving(*after, on_event("z", "z", next="c"), **keep))
    assert due(playing) == [*expected, 90 * DAY]


def test_an_exit_that_is_past_as_it_is_now_takes_the_instance_out() -> None:
    playing = play(leaving(on_time("e", after="P9D", next="c"))).later(2 * DAY)
    assert playing.move(leaving(on_time("e", after="P1D", next="c"))).at == ["c"]


def test_an_exit_whose_time_has_come_is_not_armed_again() -> None:
    for at in ({"after": "P1D"}, {"at": rfc3339(NOW - DAY)}):
        playing = play(leaving(on_time("e", **at, next="c"))).later(DAY)
        assert playing.at == ["c"]
        playing.move(leaving(on_time("e", after="P3D", next="c")))
        assert [timer.of for timer in playing.state.timers] == ["c"]


AGES: list[tuple[Part, Part, list[int]]] = [
    ({"max_age": "P9D"}, {"max_age": "P9D"}, [9 * DAY]),
    ({"max_age": "P9D"}, {"max_age": "P7D"}, [7 * DAY]),
    ({"max_age": "P9D"}, {}, []),
    ({}, {"max_age": "P7D"}, [7 * DAY]),
]


@pytest.mark.parametrize(("before", "after", "expected"), AGES)
def test_the_age_counts_from_the_start(before: Part, after: Part, expected: list[int]) -> None:
    playing = play(leaving(on_event("z", "z", next="c"), entry=before)).later(DAY)
    assert due(playing.move(leaving(on_event("z", "z", next="c"), entry=after))) == expected


def test_an_instance_that_is_too_old_by_now_expires() -> None:
    playing = play(leaving(on_event("z", "z", next="c"))).later(3 * DAY)
    playing.move(leaving(on_event("z", "z", next="c"), entry={"max_age": "P1D"}))
    assert playing.later(0).status == "expired"


# --- cards, and what cannot be said --------------------------------------------------------------------


def test_a_card_keeps_its_times() -> None:
    def text(days: int) -> str:
        steps: Mapping[str, object] = {
            "send": send("w", delivery={"expires_after": f"P{days}D"}),
            "w": wait(on_event("x", "x")),
        }
        return document(steps, start="send")

    playing = play(text(1)).later(HOUR).move(text(9))
    assert (due(playing), playing.card("send").expires_at) == ([DAY], NOW + DAY)


def test_a_time_that_cannot_be_worked_out_keeps_the_instance_where_it_is() -> None:
    old = document(
        {"w": pause("a")}, variables={"log": {"type": "list", "default": []}, "s": {"type": "string"}}
    )
    new = document(
        {"w": wait(on_time("t", at="=vars.s", next="a"))},
        variables={"log": {"type": "list", "default": []}, "s": {"type": "string"}},
    )
    assert play(old).stuck(new).reason is Reason.BAD_TIME
    assert play(old).stuck(new, Plan(variables={"s": "soon"})).reason is Reason.BAD_TIME
    assert due(play(old).move(new, Plan(variables={"s": FIXED}))) == [3 * DAY]


def test_a_loop_does_not_wait_again_for_a_moment_that_it_has_taken() -> None:
    def text(name: str) -> str:
        steps = {
            "z": wait(on_event("go", "go", next=name)),
            name: wait(on_time("t", at=FIXED, next="z")),
        }
        return document(steps, start=name)

    playing = play(text("w")).later(3 * DAY)
    playing.move(text("v"), Plan(steps={"w": "v"})).event("go")
    assert playing.error("v") == "already_past"


def test_a_moment_that_was_taken_by_a_wait_that_is_gone_is_forgotten() -> None:
    old = document({"w": wait(on_time("t", at=FIXED, next="z")), "z": pause("a", after="P9D")})
    new = document({"z": pause("a", after="P9D")}, start="z")
    playing = play(old).later(3 * DAY)
    assert playing.state.fired == {"w/t": NOW + 3 * DAY}
    assert playing.move(new).state.fired == {}

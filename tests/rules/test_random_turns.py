"""Random inputs into several flows: whatever comes, the invariants of `playing.check_turn` hold."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.decide import faulted
from rules.inputs import Cancelled, CardActed, CardWithdrawn, CustomerChanged, Input, TimeCame
from rules.model import Flow
from tests.rules.playing import (
    DAY,
    HOUR,
    MINUTE,
    Part,
    Playing,
    document,
    flow_of,
    on_card,
    on_event,
    on_profile,
    on_time,
    pause,
    play,
    send,
    wait,
)

LOOPING = document(
    {
        "send": send("w", delivery={"expires_after": "P3D"}),
        "w": wait(
            on_card("done", "completed", "submitted", next="count"),
            on_card("gone", "expired", "dismissed", "cancelled", next="send"),
            on_event("x", "x", since="start", when="event.data.n > 1", next="count"),
            on_profile("gold", "customer.tier == 'gold'", next="count"),
            on_time("t", after="P1D", next="count"),
            close=["send"],
        ),
        "count": {"type": "set", "variables": {"n": "=vars.n + 1"}, "next": "turn"},
        "turn": {
            "type": "branch",
            "cases": [{"id": "x", "when": "vars.n > 6", "next": "end"}],
            "else": "send",
        },
        "end": {"type": "end", "outcome": "enough"},
    },
    start="send",
    variables={"n": {"type": "integer", "default": 0}},
)
FORKING = document(
    {
        "one": wait(on_event("x", "x", next="j"), on_time("t", after="PT5H", next="write")),
        "two": wait(
            on_event("x", "x"),
            on_event("y", "y"),
            on_time("t", after="P2D"),
            need="all",
            next="j",
            deadline={"after": "P4D", "next": "bad"},
        ),
        "bad": {"type": "set", "variables": {"n": "=int(customer.missing)"}, "next": "j"},
        "write": {
            "type": "update_customer",
            "set": {"tier": "gold"},
            "add_tags": ["t{{ vars.n }}"],
            "next": "two",
        },
        "j": {"type": "join", "next": "k"},
        "three": pause("k", after="PT9H"),
        "k": {"type": "join", "need": 2, "next": "out"},
        "out": {"type": "emit", "event": "out", "data": {"n": "=vars.n"}, "next": "z"},
        "z": pause(after="P9D"),
    },
    start=["one", "two", "three"],
    variables={"n": {"type": "integer", "default": 0}},
)
LEAVING = document(
    {
        "send": send("more", delivery={"publish_at": {"offset": "PT4H"}}),
        "more": send(["up", "w"]),
        "up": wait(on_event("y", "y", next="again2"), on_time("t", after="P6D")),
        "again2": {"type": "update_card", "of": "more", "delivery": {"expires_after": "P5D"}, "next": "up"},
        "w": wait(on_card("x", "voted_up", "displayed", of="more", next="away"), on_time("t", after="P8D")),
        "away": {"type": "cancel_card", "of": "send", "on_error": "w", "next": "w"},
        "calm": pause("w", after="PT3H"),
    },
    start="send",
    exits=[
        on_event("out", "out", outcome="out", cancel_cards=True),
        on_event("calm", "z", next="calm"),
        on_profile("gold", "customer.tier == 'gold'", next="calm"),
        on_time("age", after="P30D", outcome="old"),
    ],
)
FLOWS = [flow_of(text) for text in (LOOPING, FORKING, LEAVING)]
ACTIONS: list[Part] = [
    {"action": "submit", "button": "ok"},
    {"action": "submit", "button": "more", "values": {"note": "hi"}},
    {"action": "submit", "button": "nope"},
    {"action": "dismiss"},
    {"action": "unsnooze"},
    {"action": "vote_up"},
    {"action": "displayed"},
    {"action": "link"},
    {"action": "video"},
]


def step(playing: Playing, chance: Random) -> None:
    """One random input, as the runtime would give it: first what is due, then the input."""
    playing.later(chance.choice([0, 0, MINUTE, HOUR, 7 * HOUR, DAY]))
    assert playing.turn.due is None or playing.turn.due > playing.now, "nothing that is due is left"
    match chance.randrange(10):
        case 0 | 1 | 2:
            data: dict[str, object] = chance.choice([{}, {"n": 1.0}, {"n": 3.0}])
            playing.event(
                chance.choice(["x", "y", "z", "other"]), data, customer=chance.choice(["c-1", "c-2"])
            )
        case 3 | 4 | 5 if playing.state.cards:
            card = chance.choice(playing.state.cards)
            acted = CardActed(card=card.id, **chance.choice(ACTIONS))  # type: ignore[arg-type]  # its fields
            playing.give(acted)
        case 6 if playing.state.cards:
            until = playing.now + chance.choice([-1, HOUR, 2 * DAY])
            playing.give(CardActed(card=chance.choice(playing.state.cards).id, action="snooze", until=until))
        case 7:
            playing.write_customer(tier=chance.choice(["gold", "silver", None]))
        case 8:
            idle: list[Input] = [TimeCame(), CustomerChanged()]
            playing.give(chance.choice(idle))
        case 9 if chance.random() < 0.2:
            rare: list[Input] = [Cancelled(), *[CardWithdrawn(card=card.id) for card in playing.state.cards]]
            playing.give(chance.choice(rare))
        case _:
            playing.event("out" if chance.random() < 0.1 else "y")


def run(flow: Flow, seed: int, turns: int = 25) -> list[object]:
    """The states of a random life."""
    chance = Random(seed)
    playing = play(flow)
    lived: list[object] = [playing.state]
    for _ in range(turns):
        step(playing, chance)
        lived.append(playing.state)
    return lived


SEEDS = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else 120


@pytest.mark.parametrize("seed", range(SEEDS))
def test_invariants_hold_whatever_comes(seed: int) -> None:
    for flow in FLOWS:
        run(flow, seed)


@given(st.integers(min_value=0, max_value=2**32), st.sampled_from(FLOWS))
def test_same_life_twice_gives_the_same_states(seed: int, flow: Flow) -> None:
    assert run(flow, seed) == run(flow, seed)


@pytest.mark.parametrize("flow", FLOWS, ids=["looping", "forking", "leaving"])
def test_random_lives_reach_what_they_are_to_test(flow: Flow) -> None:
    """A checker counts only when it sees something: lives end in more than one way."""
    statuses = {getattr(run(flow, seed)[-1], "status", None) for seed in range(30)}
    assert len(statuses) >= 2


def test_fault_at_any_timer_ends_too() -> None:
    """A turn that always fails does not ring for ever: each fault takes its timer with it."""
    for flow in FLOWS:
        state = play(flow).state
        for _ in range(len(state.timers)):
            due = min(timer.due for timer in state.timers)
            state = faulted(state, TimeCame(), now=due, message="broken").state
        assert state.timers == ()

"""A migration is undone to the letter, unless the instance has moved on or others know of it."""

from __future__ import annotations

from msgspec.structs import replace

from rules.effects import PutCard, Turn
from rules.instance import State
from rules.migrating.moving import can_undo, undo
from rules.migrating.plan import Plan, Reason, Stuck
from rules.model import Flow
from tests.rules.playing import (
    DAY,
    HOUR,
    NOW,
    Playing,
    check_turn,
    document,
    flow_of,
    on_card,
    on_event,
    on_profile,
    on_time,
    play,
    send,
    wait,
)


def asking(step: str = "send", *, after: str = "P9D") -> str:
    until = (on_card("done", "completed", of=step, next="a"), on_time("t", after=after, next="b"))
    return document({step: send("w"), "w": wait(*until)}, start=step)


def undone(playing: Playing, old: Flow, before: State, turn: int) -> Turn | Stuck:
    seed = f"{playing.state.id}:{playing.state.turn}"
    return undo(old, playing.state, before, turn=turn, now=playing.now, seed=seed)


def test_an_undone_migration_leaves_the_instance_as_it_was() -> None:
    old = flow_of(asking())
    playing = play(old).later(HOUR)
    before = playing.state
    playing.move(asking("ask", after="P20D"), Plan(steps={"send": "ask"}))
    assert can_undo(playing.turn)
    turn = undone(playing, old, before, playing.state.turn)
    assert isinstance(turn, Turn)
    check_turn(old, None, turn)
    assert turn.state == replace(before, turn=before.turn + 2, now=playing.now)
    assert turn.effects == (PutCard(card=before.cards[0]),)
    assert turn.due == NOW + 9 * DAY
    assert turn.subscriptions is not None


def test_what_fell_due_meanwhile_comes_after_the_undo() -> None:
    old = flow_of(asking(after="PT2H"))
    playing = play(old)
    before = playing.state
    playing.move(asking(after="P20D"))
    playing.now += DAY
    turn = undone(playing, old, before, playing.state.turn)
    assert isinstance(turn, Turn)
    assert (turn.due, turn.state.now) == (NOW + 2 * HOUR, NOW + DAY)


def test_an_instance_that_has_had_other_turns_is_not_taken_back() -> None:
    old = flow_of(asking())
    playing = play(old)
    before = playing.state
    moved_in = playing.move(asking(after="P20D")).state.turn
    playing.act("send", "vote_up")
    stuck = undone(playing, old, before, moved_in)
    assert isinstance(stuck, Stuck)
    assert stuck.reason is Reason.MOVED_ON


def test_a_migration_that_others_know_of_cannot_be_undone() -> None:
    old = document({"w": wait(on_event("x", "x"))})
    new = document(
        {
            "w": wait(on_profile("is", "true", next="say")),
            "say": {"type": "emit", "event": "said", "next": "w"},
        }
    )
    assert not can_undo(play(old).move(new).turn)
    assert not can_undo(play(old).move(document({"w": wait(on_profile("is", "true", next="a"))})).turn), (
        "ended"
    )
    sends = document({"w": wait(on_profile("is", "true", next="send")), "send": send("w")})
    assert not can_undo(play(old).move(sends).turn)

"""Random lives, moved at any point: to the same and back nobody sees it; to another, invariants hold."""

from __future__ import annotations

import os
from dataclasses import replace as with_fields
from random import Random

import pytest
from msgspec.structs import replace

from rules.effects import Turn
from rules.instance import State
from rules.migrating.plan import Plan, Reason, Stuck
from rules.model import Flow
from tests.rules.playing import Playing, check_turn, play
from tests.rules.test_random_turns import FLOWS, step

SEEDS = 300 if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else 30
TURNS = 25


def same(flow: Flow, version: int) -> Flow:
    return with_fields(flow, version=version)


def seen(state: State) -> State:
    """What can be told from a state, besides how many turns it had, and when the last."""
    return replace(state, turn=0, now=0, size=0)


def there_and_back(playing: Playing, flow: Flow) -> None:
    before, due, listens = playing.state, playing.turn.due, playing.subscriptions
    for version in (2, 1):
        turn = playing.try_to_move(same(flow, version))
        if isinstance(turn, Stuck):
            assert turn.reason in (Reason.BUSY, Reason.ENDED)
            return
        playing.move(same(flow, version))
        assert playing.effects == []
        assert (playing.turn.due, playing.subscriptions) == (due, listens)
        assert seen(playing.state) == seen(replace(before, version=version))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_life_that_moves_to_the_same_and_back_is_the_same_life(seed: int) -> None:
    for flow in FLOWS:
        stays, moves = play(same(flow, 1)), play(same(flow, 1))
        chances = Random(seed), Random(seed)
        for _ in range(TURNS):
            there_and_back(moves, flow)
            step(stays, chances[0])
            step(moves, chances[1])
            assert moves.at == stays.at
            assert [timer.due for timer in moves.state.timers] == [timer.due for timer in stays.state.timers]
            assert moves.state.variables == stays.state.variables
            assert moves.own_events == stays.own_events


def random_plan(old: Flow, new: Flow, chance: Random) -> Plan:
    steps = [*new.steps]
    return Plan(steps={name: chance.choice(steps) for name in old.steps if chance.random() < 0.7})


@pytest.mark.parametrize("seed", range(SEEDS))
def test_invariants_hold_wherever_a_life_moves(seed: int) -> None:
    chance = Random(seed)
    for flow in FLOWS:
        playing = play(flow)
        for _ in range(TURNS):
            step(playing, chance)
            other = chance.choice(FLOWS)
            turn = playing.try_to_move(other, random_plan(playing.flow, other, chance))
            if isinstance(turn, Turn):
                check_turn(other, None, turn)
                playing.flow = other
                playing._take(turn)


def test_random_moves_reach_what_they_are_to_test() -> None:
    reasons: set[object] = set()
    moved = 0
    for seed in range(200):
        chance = Random(seed)
        playing = play(chance.choice(FLOWS))
        for _ in range(6):
            step(playing, chance)
        other = chance.choice(FLOWS)
        turn = playing.try_to_move(other, random_plan(playing.flow, other, chance))
        moved += isinstance(turn, Turn)
        reasons.add(turn.reason if isinstance(turn, Stuck) else None)
    assert moved > 5
    assert {Reason.BUSY, Reason.NO_STEP, Reason.NOT_A_WAIT, Reason.OPEN_CARD} <= reasons

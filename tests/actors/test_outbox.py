"""Calls that leave the process: after the commit, at least once, under one key (architecture, "Outbox")."""

from __future__ import annotations

import asyncio

import pytest

from actors.ports import Result
from actors.testing import Robot, Stage, play
from rules.effects import CallRequest, SendPush
from rules.inputs import Response

FLOW = """
flow: book
triggers: {go: {type: event, event: go}}
start: ask
steps:
  ask: {type: request, url: "https://example.org/", retry: {times: 2}, next: tell, on_error: lost}
  tell: {type: notify, notification: hi, next: done}
  done: {type: end, outcome: booked}
  lost: {type: end, outcome: lost}
notifications: {hi: {body: Booked}}
"""


def test_what_a_flow_asks_is_performed_and_the_result_is_taken() -> None:
    async def script() -> None:
        robot = Robot()
        async with Stage(performer=robot) as stage:
            await stage.publish(FLOW)
            (id,) = (await stage.post("go", "ann")).started
            await stage.sleep(1)
            assert (await stage.instance(id)).outcome == "booked"
            assert [type(call) for call in robot.calls] == [CallRequest, SendPush]
            assert list(await stage.store.outbox(after=0, limit=10)) == []

    play(script())


@pytest.mark.parametrize(
    ("answers", "outcome", "calls"), [([500, "timeout"], "booked", 4), ([500] * 3, "lost", 3)]
)
def test_attempts_share_their_key(answers: list[int | str], outcome: str, calls: int) -> None:
    async def script() -> None:
        robot = Robot()
        robot.answers = [Response(status=one) if isinstance(one, int) else one for one in answers]
        async with Stage(performer=robot) as stage:
            await stage.publish(FLOW)
            (id,) = (await stage.post("go", "ann")).started
            await stage.sleep(60)
            assert (await stage.instance(id)).outcome == outcome
            assert len(robot.calls) == calls
            assert len(set(robot.keys)) == (2 if outcome == "booked" else 1)

    play(script())


class Stuck(Robot):
    """Never answers."""

    async def perform(self, effect: CallRequest | SendPush, *, customer: str, key: str) -> Result:
        self.keys.append(key)
        await asyncio.sleep(1_000_000)
        raise AssertionError("it is killed before")


def test_a_call_that_a_crash_cut_off_is_made_again_under_the_same_key() -> None:
    async def script() -> None:
        stuck, robot = Stuck(), Robot()
        stage = Stage(performer=stuck)
        await stage.engine.start()
        await stage.publish(FLOW)
        (id,) = (await stage.post("go", "ann")).started
        await stage.sleep(1)
        await stage.engine.kill()
        async with Stage(stage.store, performer=robot, clock=stage.clock) as again:
            await again.sleep(1)
            assert (await again.instance(id)).outcome == "booked"
            assert robot.keys[0] == stuck.keys[0]

    play(script())


class Broken(Robot):
    async def perform(self, effect: CallRequest | SendPush, *, customer: str, key: str) -> Result:
        raise ZeroDivisionError


def test_a_performer_that_fails_is_a_failed_call() -> None:
    async def script() -> None:
        async with Stage(performer=Broken()) as stage:
            await stage.publish(FLOW)
            (id,) = (await stage.post("go", "ann")).started
            await stage.sleep(1)
            assert (await stage.instance(id)).outcome == "lost"

    play(script())


def test_cancelling_keeps_calls_that_have_not_left() -> None:
    flow = FLOW.replace("retry: {times: 2}, ", "")

    async def script() -> None:
        robot = Robot()
        async with Stage(performer=robot) as stage:
            await stage.publish(flow)
            (id,) = (await stage.post("go", "ann")).started
            await stage.engine.cancel(id)
            await stage.sleep(1)
            assert (await stage.instance(id)).status == "cancelled"
            assert list(await stage.store.outbox(after=0, limit=10)) == []

    play(script())

"""Whose apps were there, and when: noted at a hello and at a poll, but not each time."""

from __future__ import annotations

import msgspec

from actors.testing import play
from rules.customers.profile import Activity, Profile
from server.auth.claims import CustomerToken
from server.live.sightings import Sightings

from .setting import Book, LiveStage


class Ticks:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.s = 1_000.0

    def now(self) -> int:
        return round(self.s * 1_000)

    def monotonic(self) -> float:
        return self.s

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


def test_customer_is_due_again_after_a_while() -> None:
    clock = Ticks()
    sightings = Sightings(clock, every_s=300)
    assert sightings.is_due("ann")
    sightings.note("ann")
    clock.s += 299
    assert not sightings.is_due("ann")
    clock.s += 1
    assert sightings.is_due("ann")


def test_those_who_are_due_are_forgotten() -> None:
    clock = Ticks()
    sightings = Sightings(clock, every_s=300)
    for customer in ("ann", "bob", "ann"):
        sightings.note(customer)
        clock.s += 200
    sightings.note("eve")
    assert len(sightings) == 2
    assert [sightings.is_due(customer) for customer in ("ann", "bob", "eve")] == [False, True, False]


def test_only_so_many_are_remembered() -> None:
    sightings = Sightings(Ticks(), every_s=300, customers_max=2)
    for customer in ("ann", "bob", "eve"):
        sightings.note(customer)
    assert len(sightings) == 2
    assert sightings.is_due("ann")


async def activity(stage: LiveStage, customer: str = "c-42") -> Activity:
    rows = await stage.store.profiles([customer])
    return msgspec.msgpack.decode(rows[customer].profile, type=Profile).activity


def token(customer: str = "c-42") -> CustomerToken:
    verified = Book().verify(customer)
    assert isinstance(verified, CustomerToken)
    return verified


def test_hello_notes_when_the_customer_was_seen_first_and_last() -> None:
    async def script() -> None:
        async with LiveStage(settings={"seen_s": 60}) as stage:
            start = stage.clock.now()
            seen = []
            for _ in range(3):
                await stage.watching()
                seen.append((await activity(stage)).last_seen_at)
                await stage.sleep(40)
            assert seen[0] == seen[1] == (await activity(stage)).first_seen_at
            assert seen[2] is not None
            assert seen[2] - start >= 80_000

    play(script())


def test_poll_notes_it_too_and_asks_the_engine_only_when_it_is_due() -> None:
    async def script() -> None:
        async with LiveStage(settings={"seen_s": 60}) as stage:

            async def poll() -> int:
                stage.live.polled(token())
                await stage.settle()
                last = (await activity(stage)).last_seen_at
                assert last is not None
                return last

            first = await poll()
            # By the engine's clock it would be due again.
            stage.clock.set_forward(3_600)
            assert await poll() == first
            await stage.sleep(60)
            assert await poll() > first

    play(script())


def test_login_of_a_poll_is_written_before_the_server_is_gone() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            stage.live.polled(token())
            await stage.live.stop()
            assert (await activity(stage)).first_seen_at is not None
            stage.live.polled(token("c-43"))
            await stage.settle()
            assert not await stage.store.profiles(["c-43"])

    play(script())

"""What callers hear when the store fails, is slow or full, and what the engine remembers afterwards."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.commands import NO_TIME, NotReady, Overloaded, Phase, UnknownOutcome
from actors.limits import EngineLimits
from actors.loop import PAUSE_INPUTS
from actors.memory import MemoryStore
from actors.ports import StoreBroken, StoreError, StoreFull
from actors.records import FeedCard, Group
from actors.telemetry import CommitFailed, CommitStalled, Committed, Faulted, Isolated, Report
from actors.testing import Screen, Stage, play
from rules.inputs import Event
from rules.instance import InstanceStatus


class Gated(MemoryStore):
    """A store whose commits wait until the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        await self.gate.wait()
        return await super().apply(group)


class Turnstile(MemoryStore):
    """A store that lets as many commits pass as it is told, once it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.passes = asyncio.Semaphore(1_000)

    async def close(self) -> None:
        while not self.passes.locked():
            await self.passes.acquire()

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        await self.passes.acquire()
        return await super().apply(group)


def join(number: int) -> Event:
    return Event(id=f"j{number}", name="joined", time=NO_TIME, customer=f"c{number}")


@pytest.mark.parametrize("error", [StoreFull("no room"), StoreError("refused")])
def test_failed_commit_is_forgotten_and_can_be_sent_again(greeting: str, error: StoreError) -> None:
    async def script() -> None:
        store = MemoryStore()
        async with Stage(store) as stage:
            await stage.publish(greeting)
            (id,) = (await stage.post("joined", "ann")).started
            store.fail_next(error)
            with pytest.raises(UnknownOutcome):
                await stage.post("ping", "ann", id="p")
            with pytest.raises(NotReady):
                await stage.post("ping", "ann", id="p")
            await stage.sleep(1)
            assert stage.engine.is_ready
            assert (await stage.post("ping", "ann", id="p")).status == "accepted"
            assert await stage.variables(id) == {"n": 1}

    play(script())


def test_group_behind_a_failed_commit_is_abandoned_too(greeting: str) -> None:
    async def script() -> None:
        store = Gated()
        async with Stage(store) as stage:
            await stage.publish(greeting)
            store.gate.clear()
            store.fail_next(StoreFull("no room"))
            first = asyncio.ensure_future(stage.post("joined", "ann"))
            await stage.sleep(0.1)
            second = asyncio.ensure_future(stage.post("joined", "bob"))
            await stage.sleep(0.1)
            store.gate.set()
            for call in (first, second):
                with pytest.raises(UnknownOutcome):
                    await call
            await stage.sleep(1)
            assert stage.engine.counts()["instances"] == 0

    play(script())


def test_commit_whose_answer_was_lost_is_a_duplicate_afterwards(greeting: str) -> None:
    async def script() -> None:
        store = MemoryStore()
        async with Stage(store) as stage:
            await stage.publish(greeting)
            screen = Screen()
            stage.engine.hub.subscribe("ann", screen)
            store.fail_next(StoreError("so it seems"), committed=True)
            with pytest.raises(UnknownOutcome):
                await stage.post("joined", "ann", id="e")
            await stage.sleep(1)
            assert (await stage.post("joined", "ann", id="e")).status == "duplicate"
            assert stage.engine.counts()["instances"] == 1
            assert screen.unsure_count == 1

    play(script())


def test_broken_store_ends_everything(greeting: str) -> None:
    reports: list[Report] = []

    async def script() -> None:
        store = MemoryStore()
        async with Stage(store, handlers=[reports.append]) as stage:
            await stage.publish(greeting)
            store.fail_next(StoreBroken("sync failed"))
            with pytest.raises(UnknownOutcome):
                await stage.post("joined", "ann")
            await stage.sleep(0)
            assert (stage.broken, stage.engine.phase) == (True, Phase.BROKEN)
            with pytest.raises(NotReady):
                await stage.post("joined", "ann")

    play(script())
    assert [report.broken for report in reports if isinstance(report, CommitFailed)] == [True]


def test_slow_commit_tells_that_the_outcome_is_unknown_and_takes_no_new_calls(greeting: str) -> None:
    reports: list[Report] = []

    async def script() -> None:
        store = Gated()
        async with Stage(store, handlers=[reports.append]) as stage:
            await stage.publish(greeting)
            store.gate.clear()
            call = asyncio.ensure_future(stage.post("joined", "ann", id="e"))
            await stage.sleep(9.9)
            assert not call.done()
            await stage.sleep(0.2)
            with pytest.raises(UnknownOutcome):
                await call
            readiness = [stage.engine.is_ready]
            with pytest.raises(Overloaded):
                await stage.post("joined", "bob")
            store.gate.set()
            await stage.sleep(0.1)
            readiness.append(stage.engine.is_ready)
            assert readiness == [False, True]
            assert (await stage.post("joined", "ann", id="e")).status == "duplicate"

    play(script())
    assert any(isinstance(report, CommitStalled) for report in reports)


def test_repeat_that_memory_knew_when_it_was_looked_up_is_known_when_it_is_taken(greeting: str) -> None:
    """Meanwhile its first is committed, and the look-ups end that memory kept it for."""

    async def script() -> None:
        store = Turnstile()
        reports: list[Report] = []
        limits = EngineLimits(group_rows_max=1)
        async with Stage(store, limits=limits, handlers=[reports.append]) as stage:
            await stage.publish(greeting)
            await stage.sleep(1)
            await store.close()
            # One look-up for all, and more of them than two groups hold.
            first = asyncio.ensure_future(
                stage.engine.accept([join(n) for n in range(4 * PAUSE_INPUTS)], client="test")
            )
            await stage.sleep(1)
            store.passes.release()
            await stage.sleep(1)
            repeat = asyncio.ensure_future(stage.engine.accept([join(0)], client="test"))
            await stage.sleep(1)
            for _ in range(10):
                store.passes.release()
            assert {result.status for result in await first} == {"accepted"}
            assert [result.status for result in await repeat] == ["duplicate"]
        assert not [report for report in reports if isinstance(report, CommitFailed)]

    play(script())


def test_overload_is_refused_before_anything_is_queued(greeting: str) -> None:
    async def script() -> None:
        store = Gated()
        async with Stage(store, limits=EngineLimits(inputs_max=10, class_inputs_max=10)) as stage:
            await stage.publish(greeting)
            store.gate.clear()
            calls = [asyncio.ensure_future(stage.post("joined", f"c{n}", id=f"e{n}")) for n in range(10)]
            await stage.sleep(0.1)
            with pytest.raises(Overloaded):
                await stage.post("joined", "c10", id="e10")
            store.gate.set()
            await asyncio.gather(*calls)
            assert (await stage.post("joined", "c10", id="e10")).status == "accepted"

    play(script())


def test_stop_answers_what_was_accepted_and_refuses_what_comes_after(greeting: str) -> None:
    async def script() -> None:
        store = MemoryStore()
        async with Stage(store) as stage:
            await stage.publish(greeting)
            calls = [asyncio.ensure_future(stage.engine.accept([join(n)], client="test")) for n in range(20)]
            await stage.sleep(0)
            stopping = asyncio.ensure_future(stage.engine.stop())
            await stage.sleep(0)
            with pytest.raises(NotReady):
                await stage.post("joined", "late")
            results = await asyncio.gather(*calls)
            await stopping
            assert all(len(result.started) == 1 for (result,) in results)

    play(script())


def test_stop_lets_callers_go_when_their_time_is_over_and_waits_for_the_commit(greeting: str) -> None:
    async def script() -> None:
        store = Gated()
        async with Stage(store, limits=EngineLimits(drain_s_max=5)) as stage:
            await stage.publish(greeting)
            store.gate.clear()
            call = asyncio.ensure_future(stage.post("joined", "ann", id="e"))
            await stage.sleep(1)
            stage.engine.expect_stop()
            await stage.sleep(4.9)
            assert not call.done()
            await stage.sleep(0.2)
            with pytest.raises(UnknownOutcome):
                await call
            with pytest.raises(NotReady):
                await stage.post("joined", "late")
            stopping = asyncio.ensure_future(stage.engine.stop())
            await stage.sleep(60)
            committing = [stage.engine.is_committing]
            assert not stopping.done()
            store.gate.set()
            await stopping
            committing.append(stage.engine.is_committing)
            assert committing == [True, False]
        assert "e" in [entry.row.id for entry in await store.journal(after=0, limit=9)]

    play(script())


def test_store_that_breaks_while_it_stops_is_told(greeting: str) -> None:
    async def script() -> None:
        store = Gated()
        async with Stage(store) as stage:
            await stage.publish(greeting)
            store.gate.clear()
            call = asyncio.ensure_future(stage.post("joined", "ann"))
            await stage.sleep(1)
            stopping = asyncio.ensure_future(stage.engine.stop())
            await stage.sleep(1)
            store.fail_next(StoreBroken("disk I/O error"))
            store.gate.set()
            await stopping
            with pytest.raises(UnknownOutcome):
                await call
            assert stage.broken

    play(script())


def test_inputs_that_wait_share_a_commit(greeting: str) -> None:
    commits: list[Committed] = []

    def note(report: Report) -> None:
        if isinstance(report, Committed):
            commits.append(report)

    async def script() -> None:
        store = Gated()
        async with Stage(store, handlers=[note]) as stage:
            await stage.publish(greeting)
            store.gate.clear()
            calls = [asyncio.ensure_future(stage.engine.accept([join(n)], client="test")) for n in range(100)]
            await stage.sleep(0.1)
            commits.clear()
            store.gate.set()
            await asyncio.gather(*calls)

    play(script())
    assert len(commits) <= 3


def test_fault_of_ours_fails_the_instance_and_nothing_else(greeting: str) -> None:
    reports: list[Report] = []

    async def script() -> None:
        async with Stage(handlers=[reports.append]) as stage:
            await stage.publish(greeting)
            (ann,) = (await stage.post("joined", "ann")).started
            (bob,) = (await stage.post("joined", "bob")).started
            # Nobody else can do this: what a bug in a turn would look like from here.
            life = stage.engine.life
            assert life is not None
            version = life.memory.definitions.published("greeting")
            assert version is not None
            flow, version.flow, version.broken = version.flow, None, "as if"
            await stage.post("ping", "ann")
            version.flow, version.broken = flow, None
            await stage.post("ping", "bob")
            assert await stage.status(ann) is InstanceStatus.FAILED
            assert await stage.variables(bob) == {"n": 1}

    play(script())
    assert [report.instance != "" for report in reports if isinstance(report, Faulted)] == [True]


class Poisoned(MemoryStore):
    """No commit passes in which this customer's instance has a turn in its state."""

    def __init__(self, customer: str) -> None:
        super().__init__()
        self.customer = customer
        self.is_poisoned = False

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        for row in group.instances.values():
            if self.is_poisoned and row.customer == self.customer and row.status == "running":
                raise StoreError("this row cannot be stored")
        return await super().apply(group)


def test_letter_that_lets_no_commit_pass_is_isolated(greeting: str) -> None:
    reports: list[Report] = []

    async def script() -> None:
        store = Poisoned("bob")
        async with Stage(store, handlers=[reports.append]) as stage:
            await stage.publish(greeting)
            ids = [(await stage.post("joined", name, key="k")).started[0] for name in ("ann", "bob", "cyd")]
            store.is_poisoned = True
            await stage.post("nudge", "eve", key="k")
            await stage.sleep(60)
            store.is_poisoned = False
            assert await stage.variables(ids[0]) == {"n": 1}
            assert await stage.status(ids[1]) is InstanceStatus.FAILED
            assert await stage.variables(ids[2]) == {"n": 1}
            assert await store.inbox(after=0, limit=10) == []
            assert (await stage.post("ping", "bob")).status == "accepted"

    play(script())
    assert len([report for report in reports if isinstance(report, Isolated)]) == 1


def test_instances_that_found_no_room_in_memory_load_when_they_are_needed(greeting: str) -> None:
    async def script() -> None:
        async with Stage(limits=EngineLimits(warm_bytes_max=0)) as stage:
            await stage.publish(greeting)
            results = await stage.engine.accept([join(number) for number in range(20)], client="test")
            ids = [result.started[0] for result in results]
            for _ in range(2):
                await stage.post("ping", "eve")
            life = stage.engine.life
            assert life is not None
            assert all(actor.is_cold for actor in life.memory.router.actors.values())
            assert all([(await stage.post("ping", f"c{n}")).woken == 1 for n in range(20)])
            assert [await stage.variables(id) for id in ids] == [{"n": 1}] * 20

    play(script())

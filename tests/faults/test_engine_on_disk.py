"""The runtime on a disk that fails, fills up or hangs: what was acknowledged is there once, and work goes on.

After an error that leaves no doubt the same process recovers in place; after one that does, it must end, and
the next one on the same folder goes on. Clients repeat what they got no answer for, as they are told to.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import apsw
import msgspec
import pytest

from actors.commands import (
    NO_TIME,
    CreateFlow,
    EventResult,
    Overloaded,
    Phase,
    Published,
    PublishFlow,
    UnknownOutcome,
)
from actors.engine import Engine
from actors.hub import FeedChange
from actors.limits import EngineLimits
from actors.ports import CardFilter, InstanceFilter
from actors.telemetry import CommitStalled, Report, Telemetry
from actors.testing import Robot
from rules.inputs import Event
from rules.instance import State
from rules.world import World
from server.clock import SystemClock
from server.db.store import SqliteStore, StoreLimits
from tests.faults.vfs import Disk

pytestmark = [pytest.mark.faults, pytest.mark.slow]

OPERATIONS_MAX = 400
EVENTS = 2
CUSTOMERS = ("ann",)
RETRY_S = 0.005
PATIENCE_S = 20.0

LEDGER = """
flow: ledger
variables: {count: {type: integer, default: 0}, sum: {type: integer, default: 0}}
triggers: {opened: {type: event, event: opened}}
start: show
cards: {total: {title: Total, body: [{type: headline, text: "{{ vars.sum }}"}]}}
steps:
  show: {type: send_card, card: total, next: listen}
  listen: {type: wait, until: [{id: tick, type: event, event: tick, next: book}]}
  book:
    type: set
    variables: {count: =vars.count + 1, sum: =vars.sum + int(steps.listen.event.data.n)}
    next: tell
  tell: {type: update_card, of: show, next: listen}
"""

TICK = Event(id="tick-ann-1", name="tick", time=NO_TIME, customer="ann", data={"n": 1})

_T = TypeVar("_T")
_S = TypeVar("_S", bound="Service")
_state = msgspec.msgpack.Decoder(State).decode


@dataclass(slots=True)
class Service:
    """A runtime that is started again when it says that its process must end, as a supervisor would."""

    folder: Path
    disk: Disk
    limits: EngineLimits = field(default_factory=EngineLimits)
    ends: int = 0
    reports: list[Report] = field(default_factory=list)
    shown: dict[str, int] = field(default_factory=dict)
    must_end: asyncio.Event = field(default_factory=asyncio.Event)
    engine: Engine = field(init=False)
    store: SqliteStore = field(init=False)

    async def start(self) -> None:
        self.store = SqliteStore(
            self.folder,
            now=SystemClock().now,
            open=self.disk.open,
            limits=StoreLimits(readers=1, checkpoint_pages=8),
        )
        await self.store.open()
        self.engine = Engine(
            store=self.store,
            clock=SystemClock(),
            limits=self.limits,
            world=World(),
            telemetry=Telemetry(self.reports.append),
            performer=Robot(),
            on_broken=self.must_end.set,
        )
        await self.engine.start()
        for customer in CUSTOMERS:
            self.engine.hub.subscribe(customer, self)

    async def stop(self) -> None:
        await self.engine.stop()
        await self.store.close()

    def feed_changed(self, change: FeedChange) -> None:
        for card in change.cards:
            self.shown[card.card.id] = max(card.seq, self.shown.get(card.card.id, 0))

    def feed_unsure(self) -> None:
        """What was shown stays shown: it must be in the store."""

    async def insist(self, call: Callable[[Engine], Awaitable[_T]]) -> _T:
        """Send it again until there is an answer."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < deadline, f"no answer for {PATIENCE_S} s: {self.engine.phase}"
            try:
                return await call(self.engine)
            except (Overloaded, UnknownOutcome):
                if self.engine.phase is Phase.BROKEN:
                    await self._start_again()
                await asyncio.sleep(RETRY_S)

    async def _start_again(self) -> None:
        self.ends += 1
        await self.stop()
        self.disk.fail_at(None)
        await self.start()


async def prepared_in(folder: Path) -> Path:
    """A folder with the flow published and a ledger for each customer."""
    async with running(Service(folder, Disk())) as service:
        await publish(service)
    return folder


def copy_of(folder: Path, other: Path) -> Path:
    other.mkdir()
    for file in folder.iterdir():
        if file.is_file():
            shutil.copy(file, other)
    return other


async def publish(service: Service) -> None:
    await service.engine.write_flow(CreateFlow(key="ledger", text=LEDGER, type="yaml"))
    published = await service.engine.write_flow(PublishFlow(flow="ledger"))
    assert isinstance(published, Published), published
    for customer in CUSTOMERS:
        await post(service, "opened", customer, 0)


async def post(service: Service, name: str, customer: str, n: int) -> EventResult:
    event = Event(id=f"{name}-{customer}-{n}", name=name, time=NO_TIME, customer=customer, data={"n": n})

    async def accept(engine: Engine) -> list[EventResult]:
        return await engine.accept([event], client="test")

    (result,) = await service.insist(accept)
    return result


async def work(service: Service) -> None:
    """One client: what it sends is in order, and each has its answer before the next goes out."""
    for n in range(1, EVENTS + 1):
        for customer in CUSTOMERS:
            assert (await post(service, "tick", customer, n)).status in {"accepted", "duplicate"}


async def check(service: Service) -> None:
    """Once each, in memory as on disk; nothing was shown that is not stored."""
    rows, _ = await service.store.instances(InstanceFilter(flow="ledger"))
    assert sorted(row.customer for row in rows) == sorted(CUSTOMERS)
    for row in rows:
        stored = (await service.store.states([row.id]))[row.id]
        variables = _state(stored).variables
        assert (variables["count"], variables["sum"]) == (EVENTS, EVENTS * (EVENTS + 1) // 2)
        entries = await service.store.timeline(row.id, after=0, limit=100)
        assert len(entries) == EVENTS + 1
    journal = [entry.row.id for entry in await service.store.journal(after=0, limit=500)]
    assert len(set(journal)) == len(journal)
    cards, _ = await service.store.cards(CardFilter(flow="ledger"))
    stored_seqs = {card.card.id: card.seq for card in cards}
    assert {id for id, seq in service.shown.items() if stored_seqs.get(id, 0) < seq} == set()


async def goes_on(service: Service) -> None:
    """It takes events, and what it had in memory was what is stored: a repeat is known, counts go on."""
    assert (await post(service, "tick", "ann", EVENTS)).status == "duplicate"
    assert service.engine.is_ready


@asynccontextmanager
async def running(service: _S) -> AsyncIterator[_S]:
    await service.start()
    try:
        yield service
    finally:
        service.disk.fail_at(None)
        await service.stop()


@pytest.mark.parametrize("code", [apsw.SQLITE_IOERR, apsw.SQLITE_FULL])
async def test_each_write_and_sync_may_fail_under_a_running_engine(tmp_path: Path, code: int) -> None:
    """The n-th operation of the workload fails, for n = 1, 2, … until it needs fewer."""
    prepared = await prepared_in(tmp_path)
    recovered = ended = n = 0
    fired = True
    while fired and n < OPERATIONS_MAX:
        n += 1
        folder = copy_of(prepared, tmp_path / str(n))
        async with running(Service(folder, Disk())) as service:
            service.disk.fail_at(n, code=code)
            await work(service)
            fired = bool(service.disk.fired or service.ends)
            await goes_on(service)
            await check(service)
            ended += service.ends
            recovered += fired and not service.ends
        async with running(Service(folder, Disk())) as again:
            await goes_on(again)
    assert not fired
    # A log's writes all happen at COMMIT: an I/O error there ends the process, a full disk does not.
    assert (recovered if code == apsw.SQLITE_FULL else ended) > 10
    assert code == apsw.SQLITE_IOERR or ended == 0


async def test_full_disk_refuses_and_the_engine_goes_on_when_there_is_room(tmp_path: Path) -> None:
    async with running(Service(tmp_path, Disk())) as service:
        await publish(service)
        with service.disk.full():
            for _ in range(20):
                with pytest.raises((UnknownOutcome, Overloaded)):
                    await service.engine.accept([TICK], client="test")
                await asyncio.sleep(RETRY_S)
        await work(service)
        await check(service)
        await goes_on(service)
        assert service.ends == 0


async def test_hanging_commit_is_unknown_to_those_who_wait_and_refuses_those_who_come(tmp_path: Path) -> None:
    folder = await prepared_in(tmp_path)  # by one that takes its time to store it
    async with running(Service(folder, Disk(), EngineLimits(commit_s_max=0.2))) as service:
        with service.disk.hanging():
            with pytest.raises(UnknownOutcome):
                await service.engine.accept([TICK], client="test")
            assert not service.engine.is_ready
            with pytest.raises(Overloaded):
                await service.engine.accept([TICK], client="test")
            assert any(isinstance(report, CommitStalled) for report in service.reports)
        await work(service)
        await check(service)
        await goes_on(service)
        assert service.ends == 0


class Faulty(Service):
    """One whose screens fail when they are told that a commit may have passed untold."""

    def feed_unsure(self) -> None:
        raise ZeroDivisionError("a fault of ours")


async def test_fault_of_ours_outside_of_any_life_ends_the_process_instead_of_the_answers(
    tmp_path: Path,
) -> None:
    """Whoever supervises the process starts it again; nobody waits for an engine that turns no more."""
    async with running(Faulty(tmp_path, Disk())) as service:
        await publish(service)
        with service.disk.full(), pytest.raises(UnknownOutcome):
            await service.engine.accept([TICK], client="test")
        async with asyncio.timeout(PATIENCE_S):
            await service.must_end.wait()
        assert service.engine.phase is Phase.BROKEN
        with pytest.raises(Overloaded):
            await service.engine.accept([TICK], client="test")

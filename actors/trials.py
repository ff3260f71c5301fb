"""The whole engine under a seed: clients that repeat, a store that is slow or full, a process that dies at
any await and comes back. Time is virtual, so a failing seed fails again.

`Trial` runs one seed on a `ShakyStore`. What clients do, and what must then be true of it, is the caller's.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from .commands import Overloaded, UnknownOutcome
from .hub import FeedChange
from .life import Life
from .limits import EngineLimits
from .memory import MemoryStore
from .ports import StoreBroken, StoreError, StoreFull
from .records import FeedCard, Group
from .telemetry import Crashed, Report
from .testing import Stage, VirtualClock

_T = TypeVar("_T")

READS: Final = (
    "last_inbox_number",
    "inbox",
    "last_outbox_number",
    "outbox",
    "states",
    "seen",
    "answers",
    "profiles",
    "ledgers",
    "histories",
    "cards_by_id",
    "due",
    "checks_due",
    "live_below",
    "audience",
    "audience_count",
    "zones",
    "instance_numbers",
    "tally_instances",
    "card_numbers",
    "tally_cards",
    "last_card_number",
    "last_instance_number",
    "flows",
    "flow",
    "version",
    "resources",
    "hooks",
    "schedules",
    "job",
    "open_jobs",
    "job_uniques",
    "undos",
    "instance_counts",
)


class ShakyStore:
    """A store whose every call takes some time, and may be where the process dies or the commit fails.

    What was committed stays in `disk`, as on one.
    """

    def __init__(self, disk: MemoryStore, chance: random.Random, *, trouble: float) -> None:
        self.disk = disk
        self.chance = chance
        self._trouble = trouble
        self.killed = asyncio.Event()
        self.buried = asyncio.Event()
        """Set when nothing of the process is left: until then its last calls just hang."""

    def __getattr__(self, name: str) -> Any:
        """Calls that are not about commits: as they are, but slow, and perhaps the last one."""
        call = getattr(self.disk, name)
        if name not in READS:
            return call

        async def slow(*args: object, **named: object) -> object:
            await self._pass_time()
            if self.chance.random() < self._trouble / 8:
                raise StoreError("unreadable for once")
            answer = await call(*args, **named)
            await self._pass_time()
            return answer

        return slow

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        await self._pass_time()
        if self.chance.random() < self._trouble / 2:
            raise StoreFull("no room") if self.chance.random() < 0.5 else StoreError("refused")
        cards = await self.disk.apply(group)
        await self._pass_time()
        return cards

    async def _pass_time(self) -> None:
        if self.chance.random() < self._trouble / 4:
            self.killed.set()
        if self.killed.is_set():
            await self.buried.wait()
            raise StoreBroken("the process is dead")
        if self._trouble and self.chance.random() < 0.3:
            await asyncio.sleep(self.chance.choice((0.0, 0.001, 0.01, 0.2)))


class Viewer:
    """An app: it subscribes, reads the feed from where it was, and applies what it is told."""

    def __init__(self, customer: str) -> None:
        self.customer = customer
        self.seen = 0
        self.cards: dict[str, FeedCard] = {}
        self._buffer: list[FeedChange] | None = []

    def feed_changed(self, change: FeedChange) -> None:
        assert change.customer == self.customer, "a card of one customer on another's screen"
        if self._buffer is not None:
            self._buffer.append(change)
            return
        for card in change.cards:
            assert card.seq <= self.seen + 1, "a change was never told"
            self._apply([card])

    def feed_unsure(self) -> None:
        """Keep what comes from here on until the feed was read again."""
        self._buffer = []

    async def resume(self, trial: Trial) -> None:
        """Subscribe first, then read what changed since: nothing is missed in between."""
        self._buffer = []
        trial.stage.engine.hub.subscribe(self.customer, self)
        await self.catch_up(trial)

    async def catch_up(self, trial: Trial) -> None:
        if self._buffer is None:
            return
        _, cards = await trial.disk.feed(self.customer, since=self.seen, limit=10_000)
        self._apply(cards)
        buffered, self._buffer = self._buffer, None
        for change in buffered:
            self._apply(change.cards)

    def _apply(self, cards: Sequence[FeedCard]) -> None:
        for card in cards:
            if card.seq <= self.seen:
                continue  # told of while the snapshot was read
            self.seen = card.seq
            self.cards[card.card.id] = card


class Trial:
    """One seed: `run` plays the clients against an engine that dies and comes back, then lets it rest."""

    def __init__(
        self,
        seed: int,
        *,
        trouble: float = 0.03,
        limits: EngineLimits | None = None,
        store: type[ShakyStore] = ShakyStore,
    ) -> None:
        self.chance = random.Random(seed)  # noqa: S311 – a seeded game, no secret
        self.seed = seed
        self.disk = MemoryStore()
        self.clock = VirtualClock()
        self.viewers: list[Viewer] = []
        self.kills = 0
        self._trouble = trouble
        self._limits = limits or EngineLimits()
        self._store_type = store
        self._up = asyncio.Event()
        self.crashes: list[Exception] = []
        self.stage: Stage

    async def prepare(self, setup: Callable[[Stage], Awaitable[None]]) -> None:
        """What was there before the trouble began."""
        async with Stage(self.disk, seed=f"{self.seed}", clock=self.clock) as stage:
            await setup(stage)

    # ── the process ────────────────────────────────────────────────────────────────────────────────────
    async def run(self, clients: Sequence[Callable[[Trial], Awaitable[None]]]) -> None:
        """The clients to their ends, through kills; then a last process that has no trouble."""
        async with asyncio.TaskGroup() as tasks:
            process = tasks.create_task(self._processes())
            await asyncio.gather(*(client(self) for client in clients))
            process.cancel()
        await self._end()
        self._trouble = 0.0
        await self._begin()

    async def _processes(self) -> None:
        while True:
            try:
                await self._begin()
            except StoreError:
                await self._end()
                continue
            await self.store.killed.wait()
            self.kills += 1
            await self._end()

    async def _begin(self) -> None:
        self.store = self._store_type(self.disk, self.chance, trouble=self._trouble)
        self.stage = Stage(
            self.store,
            limits=self._limits,
            seed=f"{self.seed}:{self.kills}",
            handlers=[self._note],
            clock=self.clock,
        )
        try:
            await self._while_alive(self.stage.engine.start())
        except ProcessDied:
            return
        for viewer in self.viewers:
            await viewer.resume(self)
        self._up.set()

    async def _end(self) -> None:
        self._up.clear()
        self.store.buried.set()
        await self.stage.engine.kill()

    async def end(self) -> None:
        await self.stage.engine.stop()

    async def check_memory(self) -> None:
        """After the end: what the engine remembers is, byte for byte, what the store would tell a new one."""
        engine = self.stage.engine
        assert engine.life is not None, "it runs"
        fresh = Life(
            engine.around,
            seed="fresh",
            last_inbox_number=await self.disk.last_inbox_number(),
            last_outbox_number=await self.disk.last_outbox_number(),
        )
        await fresh.recover()
        remembered, recovered = engine.life.remembered(), fresh.remembered()
        assert remembered.keys() == recovered.keys(), "other instances than in the store"
        states = await self.disk.states(list(remembered))
        for id, (packed, *rest) in remembered.items():
            assert rest == list(recovered[id][1:]), f"{id} is routed otherwise than the store says"
            assert packed in (None, states[id]), f"{id} has another state in memory"

    def _note(self, report: Report) -> None:
        if isinstance(report, Crashed):
            self.crashes.append(report.error)

    # ── clients ────────────────────────────────────────────────────────────────────────────────────────
    async def insist(self, call: Callable[[Stage], Awaitable[_T]]) -> _T:
        """Repeat the call until it is answered, whatever happens to the process meanwhile."""
        while True:
            await self._up.wait()
            try:
                return await self._while_alive(call(self.stage))
            except (Overloaded, UnknownOutcome, StoreError, ProcessDied):
                await asyncio.sleep(self.chance.choice((0.0, 0.05, 0.5)))

    async def _while_alive(self, call: Awaitable[_T]) -> _T:
        answering = asyncio.ensure_future(call)
        killed = asyncio.ensure_future(self.store.killed.wait())
        try:
            await asyncio.wait({answering, killed}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
            raise ProcessDied
        finally:
            killed.cancel()
            answering.cancel()
            await asyncio.wait({answering})

    async def rest(self, seconds: float) -> None:
        """Let time pass without trouble, and until nothing is on its way."""
        await asyncio.sleep(seconds)
        for viewer in self.viewers:
            await viewer.catch_up(self)
        life = self.stage.engine.life
        while life is not None and not life.is_idle:
            await self.clock.sleep(0)


class ProcessDied(Exception):
    """The connection broke: the client does not know what became of its call."""

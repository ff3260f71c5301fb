"""The test kit: time that jumps, an engine on a store in memory, and a script to play on it.

On a `VirtualLoop` nothing waits for real: when every task sleeps, the clock moves to the next deadline. So
hours take milliseconds, and the same seed gives the same run.
"""

from __future__ import annotations

import asyncio
import re
import selectors
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar

import msgspec

from rules.compiling.flows import Compiled
from rules.effects import CallRequest, SendPush
from rules.inputs import Event, PushReported, RequestDone, Response
from rules.instance import InstanceStatus, State
from rules.migrating.plan import Plan
from rules.model import Origin
from rules.project import Project
from rules.world import World

from .commands import (
    NO_ID,
    NO_TIME,
    ChangeSegment,
    CreateFlow,
    CreateSegment,
    CustomerWrite,
    EventResult,
    Published,
    PublishFlow,
    Refused,
    SaveDraft,
)
from .definitions import Compile, compile_version
from .engine import Engine
from .hub import FeedChange
from .limits import EngineLimits
from .memory import MemoryStore
from .outbox import failed
from .ports import Performer, Result, Store
from .records import FeedCard, FlowRow, InstanceRow, VersionRow
from .telemetry import Handler, Telemetry

START_MS: Final = 1_700_000_000_000
_FLOW_KEY: Final = re.compile(r'flow"?: *"?([a-z0-9-]+)')
"""Where virtual wall clocks begin: 2023-11-14T22:13:20Z."""

LOOK_S: Final = 31
"""Longer than anybody sleeps who has to notice that the wall clock was set."""

_T = TypeVar("_T")
_decode_state = msgspec.msgpack.Decoder(State).decode


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time moves only when there is nothing else to do, and then at once."""

    def __init__(self) -> None:
        self._virtual_s = 0.0
        super().__init__(_NoWaiting(self))

    def time(self) -> float:
        return self._virtual_s

    def jump(self, seconds: float) -> None:
        self._virtual_s += seconds


class _NoWaiting(selectors.SelectSelector):
    """Where a loop would sleep until its next deadline, the clock jumps there."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("every task waits for another: nothing will ever happen")
        if timeout > 0:
            self._loop.jump(timeout)
        return []


class VirtualClock:
    """`ports.Clock` on the running loop's time."""

    def __init__(self, *, start_ms: int = START_MS) -> None:
        self._start_ms = start_ms

    def now(self) -> int:
        return self._start_ms + round(asyncio.get_running_loop().time() * 1_000)

    def set_forward(self, seconds: float) -> None:
        """Somebody changes the wall clock; nobody has waited meanwhile."""
        self._start_ms += round(seconds * 1_000)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def play(script: Coroutine[Any, Any, _T]) -> _T:
    """Run a script to its end in virtual time; tasks that it leaves are cancelled."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(script)


_compiled: dict[tuple[object, ...], Compiled] = {}


async def at_once(row: VersionRow, constants: Mapping[str, object], *, against: Project | None) -> Compiled:
    """Compiles on the loop, as threads have times of their own; and each text only once."""
    at = (row.document, row.number, None if against is None else against.segments)
    if against is not None and against.events:
        return compile_version(row, constants, against=against)
    if at not in _compiled:
        _compiled[at] = compile_version(row, constants, against=against)
    return _compiled[at]


class Screen:
    """A sink that keeps what it was told."""

    def __init__(self) -> None:
        self.changes: list[FeedChange] = []
        self.unsure_count = 0

    def feed_changed(self, change: FeedChange) -> None:
        self.changes.append(change)

    def feed_unsure(self) -> None:
        self.unsure_count += 1

    def cards(self) -> dict[str, FeedCard]:
        """Each card as it was told last."""
        return {card.card.id: card for change in self.changes for card in change.cards}


class Robot:
    """A performer that keeps what it was asked, and answers as it was told: at first that all is well."""

    def __init__(self) -> None:
        self.calls: list[CallRequest | SendPush] = []
        self.keys: list[str] = []
        self.answers: list[Response | str] = []
        """To requests, in order: a response, or the code of a failure; then 200 without a body."""
        self.pushed = "sent"

    async def perform(self, effect: CallRequest | SendPush, *, customer: str, key: str) -> Result:
        self.calls.append(effect)
        self.keys.append(key)
        if isinstance(effect, SendPush):
            return PushReported(push=effect.push, step=effect.step, status=self.pushed)
        answer = self.answers.pop(0) if self.answers else Response(status=200)
        if isinstance(answer, str):
            return failed(effect, answer, "told to fail")
        return RequestDone(
            step=effect.step, activation=effect.activation, attempt=effect.attempt, response=answer
        )


class Stage:
    """An engine on a store, with short words for what scripts do."""

    def __init__(  # noqa: PLR0913 – what a script may want otherwise, each by its name
        self,
        store: Store | None = None,
        *,
        limits: EngineLimits | None = None,
        seed: str = "stage",
        handlers: Sequence[Handler] = (),
        clock: VirtualClock | None = None,
        performer: Performer | None = None,
        compile: Compile = at_once,
    ) -> None:
        self.store: Store = MemoryStore() if store is None else store
        self.clock = clock or VirtualClock()
        self.broken = False
        self.engine = Engine(
            store=self.store,
            clock=self.clock,
            limits=limits or EngineLimits(),
            world=World(),
            telemetry=Telemetry(*handlers),
            on_broken=self._break,
            compile=compile,
            performer=performer or Robot(),
            seed=seed,
        )

    async def __aenter__(self) -> Stage:
        await self.engine.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.stop()

    def _break(self) -> None:
        self.broken = True

    # ── doing ──────────────────────────────────────────────────────────────────────────────────────────
    async def publish(
        self, text: str, *, running: Literal["keep", "cancel", "migrate"] = "keep", plan: Plan | None = None
    ) -> VersionRow:
        """Create or change the flow of this YAML text, which may be JSON, and publish it."""
        found = _FLOW_KEY.search(text)
        assert found is not None, "a flow names its key"
        key = found[1]
        created = await self.engine.write_flow(CreateFlow(key=key, text=text, type="yaml", name=key))
        if isinstance(created, Refused):
            await self.save(key, text)
        published = await self.engine.write_flow(PublishFlow(flow=key, running=running, plan=plan or Plan()))
        assert isinstance(published, Published), published
        return published.version

    async def segment(self, id: str, rule: str, *, fire: bool = False) -> None:
        """Create or change the segment, and wait until everyone was held against its rule."""
        write = ChangeSegment if id in self.engine.definitions.book.rows else CreateSegment
        row = await self.engine.write_segment(write(id=id, rule=rule, fire=fire))
        assert not isinstance(row, Refused), row
        while self.engine.definitions.book.documents[id].job is not None:
            await self.sleep(0.01)

    async def save(self, key: str, text: str) -> FlowRow:
        row = await self.engine.write_flow(SaveDraft(flow=key, text=text, type="yaml"))
        assert isinstance(row, FlowRow), row
        return row

    async def post(
        self,
        name: str,
        customer: str | None = None,
        *,
        id: str = NO_ID,
        key: str | None = None,
        origin: Origin = Origin.BACKEND,
        **data: object,
    ) -> EventResult:
        """Post one event as the client "test"."""
        event = Event(id=id, name=name, time=NO_TIME, customer=customer, key=key, data=data, origin=origin)
        (result,) = await self.engine.accept([event], client="test")
        return result

    async def write(self, customer: str, **body: object) -> None:
        row = await self.engine.write_customer(CustomerWrite(id=customer, mode="patch", body=body))
        assert not isinstance(row, Refused), row

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def days(self, days: float, *, step_s: int = 1_800) -> None:
        """Let days go by in steps: the wall clock jumps, and everybody has the time to look at it."""
        for _ in range(round(days * 86_400 / step_s)):
            self.clock.set_forward(step_s - LOOK_S)
            await self.clock.sleep(LOOK_S)

    # ── looking ────────────────────────────────────────────────────────────────────────────────────────
    async def instance(self, id: str) -> InstanceRow:
        row = await self.store.instance(id)
        assert row is not None, f"no instance {id}"
        return row

    async def state(self, id: str) -> State:
        """As committed."""
        return _decode_state((await self.instance(id)).state)

    async def variables(self, id: str) -> dict[str, object]:
        return (await self.state(id)).variables

    async def status(self, id: str) -> InstanceStatus:
        return (await self.state(id)).status

"""The engine: the face that the edges see, and the owner of everything that runs behind it.

What runs is a life of its memory, and after a failed commit the next one: `lives.py`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from rules.compiling.flows import Compiled, Document, load
from rules.documents import triggers as written
from rules.inputs import Event, Repaired
from rules.model import WebhookTrigger
from rules.project import Project
from rules.world import World

from . import commands
from .commands import (
    Action,
    ActionResult,
    ChangeHook,
    CreateFlow,
    CreateSegment,
    CustomerWrite,
    DropResource,
    EventResult,
    FlowWrite,
    HookCall,
    HookResult,
    Overloaded,
    Phase,
    Published,
    PublishFlow,
    PutResource,
    Refused,
    SegmentWrite,
    StartMany,
    StartRequest,
    StartResult,
    TrackBatch,
    UnknownOutcome,
)
from .dedupe import action_key
from .definitions import Compile, Definitions, compile_version
from .holdings import Surroundings
from .hook_book import HookBook
from .idempotency import Idempotency
from .job_specs import STOPPED, Spec, new_job
from .life import Life
from .limits import EngineLimits
from .lives import Lives
from .migrating import Migrating
from .ports import Clock, Performer, Store, StoreError
from .records import CustomerRow, FlowRow, HookRow, InstanceRow, JobRow, ResourceRow, VersionRow
from .resources import Resources
from .starting import ReadTargets, Starting
from .telemetry import Overflowed, Telemetry
from .work import Cancel, EndJob, HookSample, NewJob, Repair, Withdraw, Work, event_work, hook_work, job_lane

_T = TypeVar("_T")

UNKNOWN = "unknown_outcome"


async def in_thread(row: VersionRow, constants: Mapping[str, object], *, against: Project | None) -> Compiled:
    return await asyncio.to_thread(compile_version, row, constants, against=against)


class Engine:
    """`start`, then any of the calls, then `stop`. Each call answers after the commit of what it changed.

    Calls raise Overloaded (NotReady) before anything was queued, UnknownOutcome when it may have been stored.
    `on_broken` is called once, when the process must end with exit code 3.
    """

    def __init__(  # noqa: PLR0913 – what it is built of, each by its name
        self,
        *,
        store: Store,
        clock: Clock,
        limits: EngineLimits,
        world: World,
        telemetry: Telemetry,
        performer: Performer,
        on_broken: Callable[[], None] = lambda: None,
        compile: Compile = in_thread,
        seed: str | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._telemetry = telemetry
        self.around = Surroundings(
            store=store,
            clock=clock,
            limits=limits,
            world=world,
            telemetry=telemetry,
            compile=compile,
            performer=performer,
        )
        self.hub = self.around.hub
        self._lives = Lives(self.around, seed=seed or secrets.token_hex(8), on_broken=on_broken)
        self._idempotent = Idempotency(store, clock)

    # ── life ───────────────────────────────────────────────────────────────────────────────────────────
    async def start(self) -> None:
        """Recover and begin to turn; the store is open. Raises what keeps the first recovery from working."""
        await self._lives.start()

    def expect_stop(self) -> None:
        """`stop` will follow: already from now on there are `drain_s_max` for what callers wait for."""
        self._lives.expect_stop()

    async def stop(self) -> None:
        """Take no more calls, finish those accepted, end every task. A commit that hangs keeps it waiting."""
        if await self._lives.drain():
            await self.kill()

    async def kill(self) -> None:
        """End every task at once, as a crash would; whoever waits gets UnknownOutcome."""
        await self._lives.end()
        await self._idempotent.stop()

    @property
    def phase(self) -> Phase:
        return self._lives.phase

    @property
    def life(self) -> Life | None:
        """The present one, for those who look inside: tests and diagnosis."""
        return self._lives.life

    @property
    def is_ready(self) -> bool:
        """Recovered, and the store keeps up: what `readyz` says."""
        return self.phase is Phase.READY and self.life is not None and not self.life.is_stalled

    @property
    def is_committing(self) -> bool:
        return self.life is not None and self.life.is_committing

    @property
    def definitions(self) -> Definitions:
        assert self.life is not None, "the engine was started"
        return self.life.memory.definitions

    def counts(self) -> Mapping[str, int]:
        """How full the parts are, for metrics."""
        return {} if self.life is None else self.life.counts()

    # ── calls ──────────────────────────────────────────────────────────────────────────────────────────
    async def accept(self, events: Sequence[Event], *, client: str, size_bytes: int = 0) -> list[EventResult]:
        """Events of one call, each standing for itself. An id of "" is given; NO_TIME becomes now."""
        life = self._lives.ready()
        now = self._clock.now()
        works = [event_work(event, client, new_id=life.new_id, now=now) for event in events]
        try:
            results = await life.submit(works, size_bytes=size_bytes)
        except Overloaded:
            self._telemetry.emit(Overflowed(inputs=life.memory.intake.inputs))
            raise
        return results  # type: ignore[return-value]  # what events give

    async def start_flow(self, request: StartRequest) -> StartResult | Refused:
        """Each target is started or refused; or the whole call is (unknown flow, not a test customer)."""
        life = self._lives.ready()
        starting = Starting(self._store, self._clock, life)
        return await self._idempotent.once(
            request.idempotency, StartResult, lambda: self._counted(starting.start(request))
        )

    async def start_many(self, request: StartMany, read: ReadTargets | None = None) -> StartResult | Refused:
        """A job starts an audience, or the targets that `read` gives; or the whole call is refused."""
        life = self._lives.ready()
        starting = Starting(self._store, self._clock, life)
        return await self._idempotent.once(
            request.idempotency, StartResult, lambda: self._counted(starting.start_many(request, read))
        )

    async def act(self, action: Action) -> ActionResult:
        """Once for each (customer, key). Answers with the card as it is after that."""
        life = self._lives.ready()
        keyed = action.customer is not None and action.key
        work = Work(
            lane=action.customer or f"\0card:{action.card}",
            kind="action",
            order=action,
            key=action_key(action.customer or "", action.key) if keyed else None,
            digest=action.digest,
        )
        return await self._about_card(life, work, action.card, action.customer)

    async def track(self, batch: TrackBatch) -> ActionResult:
        life = self._lives.ready()
        key = action_key(batch.customer, batch.key) if batch.key else None
        work = Work(lane=batch.customer, kind="track", order=batch, key=key, digest=batch.digest)
        (result,) = await self._submit(life, [work])
        assert isinstance(result, ActionResult), "what a batch gives"
        return _known(result)

    async def withdraw(self, card: str, *, by: str = "") -> ActionResult:
        life = self._lives.ready()
        work = Work(lane=f"\0card:{card}", kind="action", order=Withdraw(card, by))
        return await self._about_card(life, work, card, None)

    async def cancel(self, instance: str, *, by: str = "") -> InstanceRow | None:
        """The instance as it is after that; None: there is no such instance."""
        life = self._lives.ready()
        actor = life.memory.router.actors.get(instance)
        if actor is None:
            return await self._store.instance(instance)
        order = Cancel(instance, by=by)
        await self._submit(life, [Work(lane=actor.customer, kind="operator", order=order)])
        return await _afterwards(self._store.instance(instance))

    async def repair(
        self, instance: str, repaired: Repaired, *, by: str = ""
    ) -> InstanceRow | Refused | None:
        """The instance as it is after that, or why it cannot be done; None: there is no such instance."""
        life = self._lives.ready()
        actor = life.memory.router.actors.get(instance)
        if actor is None:
            row = await self._store.instance(instance)
            over = Refused(code="conflict", reason="The instance is over: nothing of it can be repaired.")
            return None if row is None else over
        order = Repair(instance, repaired, by)
        (refused,) = await self._submit(life, [Work(lane=actor.customer, kind="operator", order=order)])
        assert isinstance(refused, Refused | None), "what a repair gives"
        return refused or await _afterwards(self._store.instance(instance))

    async def add_job(
        self, spec: Spec, *, name: str, by: str, idempotency: commands.Idempotency | None = None
    ) -> JobRow | Refused:
        """A long operation begins in the background; its row as it was stored, without the spec."""
        life = self._lives.ready()
        row = new_job(spec, id=life.new_id(), name=name, by=by, now=self._clock.now())
        order = NewJob(row=row, answer=replace(row, spec=b""), idempotency=idempotency)
        return await self._idempotent.once(idempotency, JobRow, lambda: self._add_job(life, order))

    async def _add_job(self, life: Life, order: NewJob) -> JobRow | Refused:
        work = Work(lane=job_lane(order.row.id), kind="operator", order=order)
        (result,) = await self._submit(life, [work])
        assert isinstance(result, JobRow | Refused), "what a new job gives"
        return result

    @property
    def migrating(self) -> Migrating:
        """What moves instances to other versions of their flows; raises as calls do."""
        return self._lives.ready().migrating

    async def stop_job(self, id: str) -> JobRow | None:
        """The job as it is after that: what was done stays done. None: there is no such job."""
        life = self._lives.ready()
        await self._submit(life, [Work(lane=job_lane(id), kind="operator", order=EndJob(id, STOPPED))])
        return await _afterwards(self._store.job(id))

    def new_id(self) -> str:
        """Of something that an edge makes: unlike any other."""
        return self._lives.ready().new_id()

    # ── webhooks and configuration ─────────────────────────────────────────────────────────────────────
    @property
    def hooks(self) -> HookBook:
        assert self.life is not None, "the engine was started"
        return self.life.memory.hooks

    @property
    def resources(self) -> Resources:
        assert self.life is not None, "the engine was started"
        return self.life.memory.resources

    async def webhooks_of(self, flow: str) -> set[str]:
        """The webhook triggers of the published version and of the draft, as far as it can be read."""
        row = await self._store.flow(flow)
        version = self.definitions.published(flow)
        published = version.flow if version is not None else None
        found = (
            {one.name for one in published.triggers if isinstance(one, WebhookTrigger)}
            if published
            else set()
        )
        document = None if row is None else await asyncio.to_thread(load, row.draft, type=row.draft_type)
        if isinstance(document, Document):
            triggers = document.flow.triggers.items()
            found |= {name for name, one in triggers if isinstance(one, written.WebhookTrigger)}
        return found

    async def call_hook(self, call: HookCall) -> HookResult | Refused:
        (result,) = await self._submit(self._lives.ready(), [hook_work(call)])
        assert isinstance(result, HookResult | Refused), "what a request gives"
        return result

    async def sample_hook(self, token: str, sample: bytes) -> None:
        work = Work(lane=f"\0hook:{token}", kind="operator", order=HookSample(token, sample))
        await self._submit(self._lives.ready(), [work])

    async def change_hook(self, write: ChangeHook) -> HookRow | Refused:
        work = Work(lane=f"\0hook:{write.flow}/{write.trigger}", kind="operator", order=write)
        (row,) = await self._submit(self._lives.ready(), [work])
        assert isinstance(row, HookRow | Refused), "what a change of an address gives"
        return row

    async def write_resource(self, write: PutResource | DropResource) -> ResourceRow | Refused:
        work = Work(lane=f"\0{write.kind}:{write.id}", kind="operator", order=write)
        (row,) = await self._submit(self._lives.ready(), [work])
        assert isinstance(row, ResourceRow | Refused), "what a write of configuration gives"
        return row

    # ── customers and flows ────────────────────────────────────────────────────────────────────────────
    async def write_customer(self, write: CustomerWrite) -> CustomerRow | Refused:
        life = self._lives.ready()
        (row,) = await self._submit(life, [Work(lane=write.id, kind="customer", order=write)])
        assert isinstance(row, CustomerRow | Refused), "what a write of a profile gives"
        return row

    async def write_segment(self, write: SegmentWrite) -> ResourceRow | Refused:
        life = self._lives.ready()
        if isinstance(write, CreateSegment):
            return await self._idempotent.once(
                write.idempotency, ResourceRow, lambda: self._counted(life.authoring.write_segment(write))
            )
        return await self._counted(life.authoring.write_segment(write))

    async def write_flow(self, write: FlowWrite) -> FlowRow | Published | Refused:
        life = self._lives.ready()
        if isinstance(write, CreateFlow):
            return await self._idempotent.once(
                write.idempotency, FlowRow, lambda: self._counted(life.authoring.write(write))
            )
        if isinstance(write, PublishFlow):
            return await self._idempotent.once(
                write.idempotency, Published, lambda: self._counted(life.authoring.write(write))
            )
        return await self._counted(life.authoring.write(write))

    # ── calling ────────────────────────────────────────────────────────────────────────────────────────
    async def _submit(self, life: Life, works: Sequence[Work]) -> list[object]:
        return await self._counted(life.submit(works))

    async def _counted(self, call: Awaitable[_T]) -> _T:
        try:
            return await call
        except Overloaded:
            self._telemetry.emit(Overflowed(inputs=self.counts().get("inputs", 0)))
            raise

    async def _about_card(self, life: Life, work: Work, card: str, customer: str | None) -> ActionResult:
        (result,) = await self._submit(life, [work])
        assert isinstance(result, ActionResult), "what an action gives"
        result = _known(result)
        if result.card is not None or result.code == "not_found":
            return result
        present = await _afterwards(self._store.card(card))
        if present is not None and customer not in (None, present.customer):
            present = None  # nothing of one customer reaches another
        return ActionResult(code=result.code, card=present, errors=result.errors)


async def _afterwards(read: Awaitable[_T]) -> _T:
    """A read after a commit. When it fails, something may be stored: sending it again finds out."""
    try:
        return await read
    except StoreError as error:
        raise UnknownOutcome from error


def _known(result: ActionResult) -> ActionResult:
    """A card whose instance could not be loaded: nothing was stored."""
    if result.code == UNKNOWN:
        raise UnknownOutcome
    return result

"""The engine: the face that the edges see, and the owner of everything that runs behind it.

A life of its memory is recovered from the store and runs until a commit fails; then the callers are told that
they do not know, and the next life begins. Only a store that is broken, or `stop`, ends that.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from rules.compiling.flows import Compiled, Document, load
from rules.documents import triggers as written
from rules.inputs import Event, Repaired
from rules.model import WebhookTrigger
from rules.world import World

from .commands import (
    Action,
    ActionResult,
    ChangeHook,
    CreateFlow,
    CustomerWrite,
    DropResource,
    EventResult,
    FlowWrite,
    HookCall,
    HookResult,
    NotReady,
    Overloaded,
    Phase,
    PublishFlow,
    PutResource,
    Refused,
    StartRequest,
    StartResult,
    TrackBatch,
    UnknownOutcome,
    digest_of,
)
from .dedupe import action_key, request_key
from .definitions import Compile, Definitions, compile_version
from .holdings import Surroundings
from .hook_book import HookBook
from .hooks import request_digest
from .idempotency import Idempotency
from .job_specs import STOPPED
from .life import Life
from .limits import BACKOFF_FIRST_S, BACKOFF_MAX_S, RETRY_AFTER_S, EngineLimits
from .ports import Clock, Performer, Store, StoreBroken, StoreError
from .records import CustomerRow, FlowRow, HookRow, InstanceRow, JobRow, ResourceRow, VersionRow
from .resources import Resources
from .starting import Starting
from .telemetry import CommitFailed, Crashed, Overflowed, Telemetry
from .work import Cancel, EndJob, HookSample, NewJob, Repair, Withdraw, Work, event_work, job_lane

_T = TypeVar("_T")

DRAIN_LOOK_S = 0.01
UNKNOWN = "unknown_outcome"


async def in_thread(row: VersionRow, constants: Mapping[str, object], *, checked: bool) -> Compiled:
    return await asyncio.to_thread(compile_version, row, constants, checked=checked)


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
        self.phase = Phase.RECOVERING
        self._store = store
        self._clock = clock
        self._limits = limits
        self._telemetry = telemetry
        self._on_broken = on_broken
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
        self._seed = secrets.token_hex(8) if seed is None else seed
        self.life: Life | None = None
        """The present one, for those who look inside: tests and diagnosis."""
        self._lives = 0
        self._task: asyncio.Task[None] | None = None
        self._idempotent = Idempotency(store, clock)
        self._last_call: asyncio.TimerHandle | None = None
        self._is_let_go = False

    # ── life ───────────────────────────────────────────────────────────────────────────────────────────
    async def start(self) -> None:
        """Recover and begin to turn; the store is open. Raises what keeps the first recovery from working."""
        assert self._task is None, "an engine starts once"
        self.life = await self._recover()
        self.phase = Phase.READY
        self._task = asyncio.create_task(self._live(self.life), name="engine")
        self._task.add_done_callback(self._ended)

    def expect_stop(self) -> None:
        """`stop` will follow: already from now on there are `drain_s_max` for what callers wait for."""
        if self._last_call is None:
            loop = asyncio.get_running_loop()
            self._last_call = loop.call_later(self._limits.drain_s_max, self._let_go)

    async def stop(self) -> None:
        """Take no more calls, finish those accepted, end every task. A commit that hangs keeps it waiting."""
        if self._task is None:
            return
        self.expect_stop()
        if self.phase is not Phase.BROKEN:
            self.phase = Phase.STOPPING
            await self._drain()
        await self.kill()

    async def kill(self) -> None:
        """End every task at once, as a crash would; whoever waits gets UnknownOutcome."""
        self.phase = Phase.BROKEN if self.phase is Phase.BROKEN else Phase.STOPPING
        if self._last_call is not None:
            self._last_call.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._idempotent.stop()
        if self.life is not None:
            self.life.abandon()

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
        life = self._ready()
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
        life = self._ready()
        starting = Starting(self._store, self._clock, life)
        return await self._idempotent.once(
            request.idempotency, StartResult, lambda: self._counted(starting.start(request))
        )

    async def act(self, action: Action) -> ActionResult:
        """Once for each (customer, key). Answers with the card as it is after that."""
        life = self._ready()
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
        life = self._ready()
        key = action_key(batch.customer, batch.key) if batch.key else None
        work = Work(lane=batch.customer, kind="track", order=batch, key=key, digest=batch.digest)
        (result,) = await self._submit(life, [work])
        assert isinstance(result, ActionResult), "what a batch gives"
        return _known(result)

    async def withdraw(self, card: str) -> ActionResult:
        life = self._ready()
        work = Work(lane=f"\0card:{card}", kind="action", order=Withdraw(card))
        return await self._about_card(life, work, card, None)

    async def cancel(self, instance: str) -> InstanceRow | None:
        """The instance as it is after that; None: there is no such instance."""
        life = self._ready()
        actor = life.memory.router.actors.get(instance)
        if actor is None:
            return await self._store.instance(instance)
        await self._submit(life, [Work(lane=actor.customer, kind="operator", order=Cancel(instance))])
        return await _afterwards(self._store.instance(instance))

    async def repair(self, instance: str, repaired: Repaired) -> InstanceRow | None:
        """The instance as it is after that; None: there is no such instance."""
        life = self._ready()
        actor = life.memory.router.actors.get(instance)
        if actor is None:
            return await self._store.instance(instance)
        order = Repair(instance, repaired)
        await self._submit(life, [Work(lane=actor.customer, kind="operator", order=order)])
        return await _afterwards(self._store.instance(instance))

    async def add_job(self, row: JobRow) -> JobRow | Refused:
        """A long operation begins in the background; the row as it was stored."""
        life = self._ready()
        work = Work(lane=job_lane(row.id), kind="operator", order=NewJob(row))
        (result,) = await self._submit(life, [work])
        assert isinstance(result, JobRow | Refused), "what a new job gives"
        return result

    async def stop_job(self, id: str) -> JobRow | None:
        """The job as it is after that: what was done stays done. None: there is no such job."""
        life = self._ready()
        await self._submit(life, [Work(lane=job_lane(id), kind="operator", order=EndJob(id, STOPPED))])
        return await _afterwards(self._store.job(id))

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
        """A request without an id is never a repeat."""
        life = self._ready()
        id, source = call.request.id, f"hook:{call.flow}/{call.trigger}"
        work = Work(
            lane=call.customer,
            kind=f"hook:{call.flow}",
            order=call,
            key=request_key(source, id) if id else None,
            digest=digest_of(request_digest(call.request)),
        )
        (result,) = await self._submit(life, [work])
        assert isinstance(result, HookResult | Refused), "what a request gives"
        return result

    async def sample_hook(self, token: str, sample: bytes) -> None:
        work = Work(lane=f"\0hook:{token}", kind="operator", order=HookSample(token, sample))
        await self._submit(self._ready(), [work])

    async def change_hook(self, write: ChangeHook) -> HookRow | Refused:
        work = Work(lane=f"\0hook:{write.flow}/{write.trigger}", kind="operator", order=write)
        (row,) = await self._submit(self._ready(), [work])
        assert isinstance(row, HookRow | Refused), "what a change of an address gives"
        return row

    async def write_resource(self, write: PutResource | DropResource) -> ResourceRow | Refused:
        work = Work(lane=f"\0{write.kind}:{write.id}", kind="operator", order=write)
        (row,) = await self._submit(self._ready(), [work])
        assert isinstance(row, ResourceRow | Refused), "what a write of configuration gives"
        return row

    # ── customers and flows ────────────────────────────────────────────────────────────────────────────
    async def write_customer(self, write: CustomerWrite) -> CustomerRow | Refused:
        life = self._ready()
        (row,) = await self._submit(life, [Work(lane=write.id, kind="customer", order=write)])
        assert isinstance(row, CustomerRow | Refused), "what a write of a profile gives"
        return row

    async def write_flow(self, write: FlowWrite) -> FlowRow | VersionRow | Refused:
        life = self._ready()
        if isinstance(write, CreateFlow):
            return await self._idempotent.once(
                write.idempotency, FlowRow, lambda: self._counted(life.authoring.write(write))
            )
        if isinstance(write, PublishFlow):
            return await self._idempotent.once(
                write.idempotency, VersionRow, lambda: self._counted(life.authoring.write(write))
            )
        return await self._counted(life.authoring.write(write))

    # ── calling ────────────────────────────────────────────────────────────────────────────────────────
    def _ready(self) -> Life:
        if self.phase is not Phase.READY or self.life is None:
            raise NotReady(self.phase, RETRY_AFTER_S)
        if self.life.is_stalled:
            raise Overloaded(RETRY_AFTER_S)
        return self.life

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

    # ── lives ──────────────────────────────────────────────────────────────────────────────────────────
    async def _recover(self) -> Life:
        self._lives += 1
        life = Life(
            self.around,
            seed=f"{self._seed}:{self._lives}",
            last_inbox_number=await self._store.last_inbox_number(),
            last_outbox_number=await self._store.last_outbox_number(),
        )
        await life.recover()
        return life

    async def _live(self, life: Life) -> None:
        """Life after life. Each that falls soon after the one before waits longer for the next."""
        delay_s = 0.0
        while True:
            began = self._clock.monotonic()
            error = await _lived(life)
            self._fell(life, error)
            if self.phase in (Phase.BROKEN, Phase.STOPPING):
                break
            if self._clock.monotonic() - began > BACKOFF_MAX_S:
                delay_s = 0.0
            next_life = await self._begin_again(delay_s)
            if next_life is None:
                break
            life = next_life
            delay_s = min(max(2 * delay_s, BACKOFF_FIRST_S), BACKOFF_MAX_S)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Nothing turns any more: also after a fault of ours outside of any life nobody may wait for ever."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.phase = Phase.BROKEN
            if self.life is not None:
                self.life.abandon()
        if self.phase is Phase.BROKEN:
            self._on_broken()
        if isinstance(error, Exception):
            self._telemetry.emit(Crashed(error=error))

    def _fell(self, life: Life, error: Exception) -> None:
        """Its callers do not know; nobody calls it any more; the durable inputs that it held come again."""
        is_broken = isinstance(error, StoreBroken)
        if self.phase is not Phase.STOPPING or is_broken:
            self.phase = Phase.BROKEN if is_broken else Phase.RECOVERING
        if isinstance(error, StoreError):
            self._telemetry.emit(CommitFailed(error=error, broken=is_broken))
        else:
            self._telemetry.emit(Crashed(error=error))
        life.blame(error)
        life.abandon()
        life.forget()

    async def _begin_again(self, delay_s: float) -> Life | None:
        """The next life, as soon as the store can be read; None if it is broken."""
        while True:
            await self._clock.sleep(delay_s)
            try:
                life = await self._recover()
            except StoreBroken as error:
                self.phase = Phase.BROKEN
                self._telemetry.emit(CommitFailed(error=error, broken=True))
                return None
            except StoreError as error:
                self._telemetry.emit(CommitFailed(error=error, broken=False))
                delay_s = min(max(2 * delay_s, BACKOFF_FIRST_S), BACKOFF_MAX_S)
                continue
            self.life = life
            if self.phase is Phase.RECOVERING:
                self.phase = Phase.READY
            self.hub.unsure()
            return life

    async def _drain(self) -> None:
        """Until every caller has an answer and the last group is stored, or the time for it is over."""
        assert self._task is not None, "it was started"
        while not self._task.done() and not self._is_let_go:
            if self.life is None or self.life.is_drained():
                return
            await self._clock.sleep(DRAIN_LOOK_S)

    def _let_go(self) -> None:
        """The time for an answer is over: whoever waits does not know, and nobody comes any more."""
        self._is_let_go = True
        if self.phase is not Phase.BROKEN:
            self.phase = Phase.STOPPING
        if self.life is not None:
            self.life.abandon()


async def _afterwards(read: Awaitable[_T]) -> _T:
    """A read after a commit. When it fails, something may be stored: sending it again finds out."""
    try:
        return await read
    except StoreError as error:
        raise UnknownOutcome from error


async def _lived(life: Life) -> Exception:
    """What ended the life; being cancelled goes through."""
    try:
        await life.run()
    except ExceptionGroup as group:
        return _reason(group)
    raise AssertionError("a life runs until it is ended")


def _reason(group: ExceptionGroup[Exception]) -> Exception:
    """The worst of what happened at once: a broken store, then a failed one, then anything."""
    leaves: list[Exception] = []
    for error in group.exceptions:
        leaves.append(_reason(error) if isinstance(error, ExceptionGroup) else error)
    for kind in (StoreBroken, StoreError, Exception):
        for error in leaves:
            if isinstance(error, kind):
                return error
    raise AssertionError("a group has a member")


def _known(result: ActionResult) -> ActionResult:
    """A card whose instance could not be loaded: nothing was stored."""
    if result.code == UNKNOWN:
        raise UnknownOutcome
    return result

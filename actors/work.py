"""An input on its way to being taken, who waits for it, and what was looked up for it.

`Order` is the closed set of what can be taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from msgspec.structs import replace

from rules.inputs import Event, Input, Repaired
from rules.migrating.plan import Plan
from rules.model import Flow, ScheduleTrigger

from .actor import Actor
from .cache import Cache
from .commands import (
    NO_ID,
    NO_TIME,
    Action,
    ChangeHook,
    ChangeSegment,
    CreateSegment,
    CustomerWrite,
    DropResource,
    DropSegment,
    HookCall,
    Idempotency,
    PutResource,
    StartRequest,
    StartResult,
    Target,
    TrackBatch,
)
from .dedupe import digest_of, event_digest, event_key, request_key
from .definitions import Version
from .job_specs import Place, Spec
from .letters import Letter
from .records import DedupeRow, FeedCard, FlowRow, JobRow, UndoRow, VersionRow

# ── orders: what is taken ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Cancel:
    """The whole instance is to end."""

    instance: str
    reason: str = "api"
    by: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """One open card is to go."""

    card: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """An operator has parked tokens of an instance moved."""

    instance: str
    repaired: Repaired
    by: str = ""


@dataclass(frozen=True, slots=True)
class Migrate:
    """The instance is to move to another version of its flow."""

    instance: str
    version: Version
    plan: Plan
    by: str = ""


@dataclass(frozen=True, slots=True)
class CallDone:
    """The result of a call that left the process, for the instance that made it."""

    instance: str
    input: Input


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A long operation that somebody asks for. `draft` is the version that it runs, if that is to be stored;
    `idempotency` keeps the answer.
    """

    row: JobRow
    answer: JobRow | StartResult
    draft: VersionRow | None = None
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class EndJob:
    """A job is to end before it is done."""

    id: str
    state: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a job, and where to go on after it (None: it is the last). Its members are `targets` of a
    start, `undos` of a migration, else ids: customers, instances, cards.
    """

    job: str
    spec: Spec
    reached: int | Place | None
    members: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    undos: tuple[UndoRow, ...] = ()
    place: Place | None = None
    """Where the piece of a migration begins; where its round ends, `reached` is None."""
    total: int | None = None
    """How many there are in all, told with the first piece."""

    @property
    def weight(self) -> int:
        return len(self.members) + len(self.targets) + len(self.undos)


def job_lane(id: str) -> str:
    """What is done to a job, and by it, stays in order."""
    return f"\0job:{id}"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The time of a schedule trigger has come for the customers of a zone: `late`, and what was missed.

    `until`: what was due up to then is handled.
    """

    at: tuple[str, str, str]
    version: Version
    trigger: ScheduleTrigger
    late: int | None
    missed: tuple[int, ...]
    until: int


@dataclass(frozen=True, slots=True)
class HookSample:
    """A request to an address whose author wants to see one."""

    token: str
    sample: bytes


@dataclass(frozen=True, slots=True)
class TimerDue:
    """Time matters to an instance."""

    instance: str
    due: int


@dataclass(frozen=True, slots=True)
class Look:
    """Time may have moved a customer into a segment or out of one."""

    customer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowChange:
    """Rows of a flow, ready to be stored, and what they compile to. `idempotency` keeps the answer.

    With `plan` live instances of older versions move to this one.
    """

    row: FlowRow
    version: VersionRow | None = None
    flow: Flow | None = None
    plan: Plan | None = None
    by: str = ""
    what: str = ""
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A start call with the version that it runs; `draft` is that version's row, if it is to be stored."""

    request: StartRequest
    invocation: str
    version: Version
    draft: VersionRow | None = None


Order: TypeAlias = (
    Event
    | Start
    | Action
    | TrackBatch
    | Withdraw
    | Cancel
    | Repair
    | Migrate
    | CallDone
    | NewJob
    | EndJob
    | Chunk
    | Occurrence
    | HookCall
    | HookSample
    | ChangeHook
    | PutResource
    | DropResource
    | CustomerWrite
    | CreateSegment
    | ChangeSegment
    | DropSegment
    | FlowChange
    | TimerDue
    | Look
    | Letter
)


# ── who waits, and what was looked up ──────────────────────────────────────────────────────────────────


class Promise(Protocol):
    """A future of asyncio, or one for a caller that has no loop."""

    def done(self) -> bool: ...
    def set_result(self, result: list[object], /) -> None: ...
    def set_exception(self, exception: Exception, /) -> None: ...


class Ticket:
    """One call that waits for `count` results; answered once, after the last one's commit.

    `inputs` is what it counts for in the intake, by kind, and `weight` the sum of that.
    """

    __slots__ = ("_left", "bytes", "future", "inputs", "results", "weight")

    def __init__(self, future: Promise, *, count: int, inputs: dict[str, int], bytes: int = 0) -> None:
        self.future = future
        self.results: list[object] = [None] * count
        self.inputs = inputs
        self.weight = sum(inputs.values())
        self.bytes = bytes
        self._left = count

    def settle(self, index: int, result: object) -> bool:
        """Whether that was the last one."""
        self.results[index] = result
        self._left -= 1
        if self._left:
            return False
        if not self.future.done():  # the caller may have gone, or was told that it is not known
            self.future.set_result(self.results)
        return True

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Batch:
    """Inputs whose look-ups shared their reads; `left` are not taken yet."""

    __slots__ = ("left", "number")

    def __init__(self, number: int, left: int) -> None:
        self.number = number
        self.left = left


Row: TypeAlias = tuple[Cache[Any, Any], Any]
"""A row that a turn will ask for: whose, and its key."""


@dataclass(slots=True, eq=False)
class Work:
    """One input. `lane` keeps the order of one customer, `kind` is its class for fairness and shares.

    `durable` names an input that is in the store already: ("timer", instance), ("look", customer),
    ("inbox", number), the result of a call ("outbox", number), or the next piece of a ("job", id).
    `weight` is about how many turns it will cause at least.
    """

    lane: str
    kind: str
    order: Order
    ticket: Ticket | None = None
    index: int = 0
    key: bytes | None = None
    digest: bytes = b""
    durable: tuple[str, str | int] | None = None
    weight: int = 1
    # filled before it is taken
    batch: Batch | None = None
    seen: DedupeRow | None = None
    cards: Mapping[str, FeedCard] = field(default_factory=dict)
    held: Sequence[Actor | Version] = ()
    rows: Sequence[Row] = ()

    def hold(self, held: Sequence[Actor | Version], rows: Sequence[Row]) -> None:
        """From here until `let_go` these stay in memory, once they are there."""
        self.held, self.rows = held, rows
        for one in held:
            one.pins += 1
        for cache, key in rows:
            cache.pin(key)

    def let_go(self) -> None:
        for one in self.held:
            one.pins -= 1
        for cache, key in self.rows:
            cache.unpin(key)
        self.held = self.rows = ()


def event_work(event: Event, client: str, *, new_id: Callable[[], str], now: int) -> Work:
    """Queued as what came: its own id is looked up, a missing id, time or source is filled in."""
    source = event.source or client
    has_id = event.id != NO_ID
    key = event_key(event, source) if has_id else None
    digest = event_digest(event) if has_id else b""
    event = replace(
        event,
        id=event.id if has_id else new_id(),
        time=now if event.time == NO_TIME else event.time,
        source=source,
    )
    # Events about nobody keep the order of their key, as far as they have one.
    lane = event.customer or f"\0key:{event.key or ''}"
    return Work(lane=lane, kind=f"event:{event.name}", order=event, key=key, digest=digest)


def hook_work(call: HookCall) -> Work:
    """A request without an id is never a repeat."""
    request, source = call.request, f"hook:{call.flow}/{call.trigger}"
    return Work(
        lane=call.customer,
        kind=f"hook:{call.flow}",
        order=call,
        key=request_key(source, request.id) if request.id else None,
        digest=digest_of({"body": request.body, "query": request.query}),
    )


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """A code about a card; the card itself is added as committed."""

    code: str
    card: str | None = None
    errors: tuple[Mapping[str, str], ...] = ()

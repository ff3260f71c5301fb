"""What the runtime needs from outside: a clock and a store. The edges supply them (`server/`), tests theirs.

One contract suite (`tests/contract/`) holds every store to what is promised here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from rules.effects import CallRequest, SendPush
from rules.inputs import PushReported, RequestDone

from .records import (
    AnswerRow,
    CustomerRow,
    DedupeRow,
    FeedCard,
    FeedHead,
    FlowRow,
    Group,
    HistoryRow,
    HookRow,
    InboxRow,
    InstanceRow,
    JobRow,
    JournalEntry,
    LedgerRow,
    Member,
    Meta,
    OutboxRow,
    ResourceRow,
    Route,
    ScheduleRow,
    Stretch,
    TimelineRow,
    UndoRow,
    VersionRow,
)

Result: TypeAlias = RequestDone | PushReported
"""What comes of a call that leaves the process."""


class Clock(Protocol):
    """The only source of time below the edge."""

    def now(self) -> int:
        """Wall clock, ms since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that only rise: for time-outs and measures."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a virtual clock jumps."""
        ...


class Performer(Protocol):
    """Makes the calls that flows order: requests to third parties, and pushes."""

    async def perform(self, effect: CallRequest | SendPush, *, customer: str, key: str) -> Result:
        """Make the call, under this idempotency key, within its time-out; a failure is a result too."""
        ...


class StoreError(Exception):
    """A commit or read failed and was rolled back: nothing of it is stored."""


class StoreFull(StoreError):
    """No room, or busy, with no transaction left open: the runtime recovers in place and goes on."""


class StoreBroken(StoreError):
    """An I/O error at COMMIT or sync: what is on disk is unknown. The process must end (exit code 3)."""


MS_PER_DAY = 24 * 3600 * 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long rows are kept that no turn needs any more; `prune` drops what is older."""

    dedupe_days: int = 7
    """For how long a repeat is recognised, in whole days."""
    journal_ms: int = 30 * MS_PER_DAY
    timeline_ms: int = 90 * MS_PER_DAY
    tombstones_ms: int = 30 * MS_PER_DAY
    """Closed cards: an app that was away for longer gets its feed anew."""
    instances_ms: int = 90 * MS_PER_DAY
    """Ended instances, once their cards are gone."""
    jobs_ms: int = 30 * MS_PER_DAY
    """Ended jobs."""
    undos_ms: int = 7 * MS_PER_DAY
    """What migrated instances were before: for so long a migration can be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """All given fields must match; `cursor` continues a list (newest first).

    `version`: a number, or every revision of the draft. `unfinished`: only those that are running or failed.
    `step`: the first token's; `error`: the code of why it failed. A page may be shorter than `limit` although
    more follow: a list ends when its next cursor is None.
    """

    flow: str | None = None
    version: int | Literal["draft"] | None = None
    customer: str | None = None
    status: str | None = None
    key: str | None = None
    step: str | None = None
    invocation: str | None = None
    parent: str | None = None
    test: bool | None = None
    unfinished: bool = False
    error: str | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFilter:
    """`open`: only those that are not closed."""

    customer: str | None = None
    flow: str | None = None
    instance: str | None = None
    status: str | None = None
    open: bool = False
    stream: str | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """`q` is a part of the id or of the row's `search` text, whatever their case."""

    tag: str | None = None
    segment: str | None = None
    test: bool | None = None
    q: str | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    kind: str | None = None
    name: str | None = None
    state: str | None = None
    by: str | None = None
    cursor: str | None = None
    limit: int = 50


class Store(Protocol):
    """Durable state. `apply` is the only write of the runtime; reads see committed state only."""

    async def open(self) -> Meta:
        """Create or migrate what is there; raise StoreError with a sentence if it cannot be used."""
        ...

    async def close(self) -> None: ...

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        """Commit the group in one durable transaction; answer its cards, in order, with their new `seq`.

        Raises StoreFull or StoreBroken, or StoreError for anything else: a new row that is there already, a
        change of one that is not, the same dedupe key twice in a day, an inbox row taken twice, a second job
        with the same `unique`. Then nothing of the group is visible. Within a group inbox rows are added
        before others are taken; an outbox row that is gone already may be taken again.
        """
        ...

    # recovery and prefetch: batched
    def routes(self) -> AsyncIterator[Sequence[Route]]:
        """Every live instance, in order of start, in chunks."""
        ...

    async def inbox(self, *, after: int, limit: int) -> Sequence[InboxRow]:
        """By rising number."""
        ...

    async def last_inbox_number(self) -> int:
        """The highest number ever given, also if its row was taken; 0 if there was none."""
        ...

    async def outbox(self, *, after: int, limit: int) -> Sequence[OutboxRow]:
        """By rising number."""
        ...

    async def last_outbox_number(self) -> int:
        """The highest number ever given, also if its row was taken; 0 if there was none."""
        ...

    async def states(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Snapshots of those of these instances that there are."""
        ...

    async def seen(self, keys: Sequence[bytes]) -> Mapping[bytes, DedupeRow]:
        """Those of these dedupe keys that were taken on a day that is still kept, the newest of each."""
        ...

    async def answers(self, keys: Sequence[bytes], *, now: int) -> Mapping[bytes, AnswerRow]:
        """Those of these that have not expired by `now`."""
        ...

    async def profiles(self, ids: Sequence[str]) -> Mapping[str, CustomerRow]: ...

    async def ledgers(
        self, keys: Sequence[tuple[str, str, bool]]
    ) -> Mapping[tuple[str, str, bool], LedgerRow]:
        """Those of these (customer, flow, test) that there are."""
        ...

    async def histories(self, ids: Sequence[str]) -> Mapping[str, HistoryRow]:
        """Of those of these customers that have one."""
        ...

    async def cards_by_id(self, ids: Sequence[str]) -> Mapping[str, FeedCard]:
        """Those of these cards that there are: what actions of one batch are about."""
        ...

    async def due(self, *, before: int, limit: int) -> Sequence[tuple[int, str]]:
        """(due, instance id) of live instances due before then, earliest first, else in order of start."""
        ...

    async def checks_due(self, *, before: int, limit: int) -> Sequence[tuple[int, str]]:
        """(due, customer) of histories due before then, earliest first."""
        ...

    async def live_below(self, flow: str, version: int, *, limit: int) -> Sequence[str]:
        """Ids of running or failed instances of this flow with 1 ≤ version < `version`, in order of start."""
        ...

    # audiences
    async def audience(
        self,
        *,
        after: int,
        limit: int,
        segment: str | None,
        tag: str | None,
        zone: str | None,
        test: bool | None = False,
    ) -> Sequence[Member]:
        """Customers with numbers above `after` whom all that is given matches, by rising number.

        `zone` "" are those without a time zone; `test`: customers of tests, and no others; None: both.
        """
        ...

    async def audience_count(
        self, *, segment: str | None, tag: str | None, zone: str | None, test: bool | None = False
    ) -> int:
        """How many belong to it. Who changes while it counts is counted or not."""
        ...

    async def zones(self) -> Sequence[str]:
        """The time zones that customers have, each once, rising; "" if some have none."""
        ...

    # definitions
    async def flows(self) -> Sequence[FlowRow]:
        """All of them, by key."""
        ...

    async def flow(self, key: str) -> FlowRow | None: ...

    async def version(self, flow: str, number: int) -> VersionRow | None: ...

    async def versions(self, flow: str) -> Sequence[VersionRow]:
        """The published ones, newest first, without their documents ('')."""
        ...

    async def resources(self) -> Sequence[ResourceRow]:
        """All of them, by kind and id."""
        ...

    async def hooks(self) -> Sequence[HookRow]:
        """All of them, by token."""
        ...

    async def schedules(self) -> Sequence[ScheduleRow]:
        """All of them, by flow, trigger and zone."""
        ...

    # jobs
    async def job(self, id: str) -> JobRow | None: ...

    async def jobs(self, filter: JobFilter) -> tuple[Sequence[JobRow], str | None]:
        """Rows without spec and result (b''), newest first, and the next cursor."""
        ...

    async def open_jobs(self) -> Sequence[JobRow]:
        """Those that wait or run, oldest first."""
        ...

    async def job_uniques(self, uniques: Sequence[str]) -> Mapping[str, str]:
        """The job that has it, of those of these that are taken."""
        ...

    async def undos(self, job: str, *, after: int, limit: int) -> Sequence[tuple[int, UndoRow]]:
        """What the job's instances were before it, with numbers above `after`, by rising number."""
        ...

    # feeds
    async def feed_head(self, customer: str) -> FeedHead:
        """Zeros for a customer who never had a card."""
        ...

    async def feed(self, customer: str, *, since: int, limit: int) -> tuple[FeedHead, Sequence[FeedCard]]:
        """The head, and cards of any status changed after `since`, by rising `seq`: one consistent read."""
        ...

    async def feed_open(self, customer: str) -> tuple[FeedHead, Sequence[FeedCard]]:
        """The head, and every active and snoozed card by rising `seq` (a customer may have 500)."""
        ...

    # reads of the API
    async def instance(self, id: str) -> InstanceRow | None: ...

    async def instances(self, filter: InstanceFilter) -> tuple[Sequence[InstanceRow], str | None]:
        """Rows without state (b''), newest first, and the next cursor."""
        ...

    async def instance_numbers(
        self, filter: InstanceFilter, *, after: int, up_to: int | None, limit: int
    ) -> Stretch:
        """A piece of a walk in order of start, over numbers above `after`, at most `up_to`.

        What the filter says of a page (`cursor`, `limit`) is left aside.
        """
        ...

    async def tally_instances(
        self, filter: InstanceFilter, *, up_to: int | None = None
    ) -> Mapping[tuple[str, str | None, str | None], int]:
        """How many the walk would give, by (status, step of the first token, code of the error).

        What changes while it counts is counted or not.
        """
        ...

    async def last_instance_number(self) -> int:
        """The highest number of an instance that is there; 0 if there is none."""
        ...

    async def timeline(self, instance: str, *, after: int, limit: int) -> Sequence[TimelineRow]: ...

    async def card(self, id: str) -> FeedCard | None: ...

    async def cards(self, filter: CardFilter) -> tuple[Sequence[FeedCard], str | None]: ...

    async def card_numbers(self, filter: CardFilter, *, after: int, up_to: int | None, limit: int) -> Stretch:
        """As `instance_numbers`, over cards, in the order in which they were created."""
        ...

    async def tally_cards(
        self, filter: CardFilter, *, up_to: int | None = None
    ) -> Mapping[tuple[str, str], int]:
        """As `tally_instances`, by (status, flow)."""
        ...

    async def last_card_number(self) -> int:
        """The highest number of a card that is there; 0 if there is none."""
        ...

    async def customers(self, filter: CustomerFilter) -> tuple[Sequence[CustomerRow], str | None]: ...

    async def journal(self, *, after: int, limit: int) -> Sequence[JournalEntry]: ...

    async def instance_counts(self, flow: str) -> Mapping[tuple[int, str], int]:
        """How many instances (tests left out) by (version, status)."""
        ...

    # upkeep: bounded pieces, called by the runtime's keeper
    async def prune(self, *, now: int) -> int:
        """Drop a bounded piece of what is past its window: dedupe days, answers, and what `Retention` names.

        Answers how much was dropped: 0 when nothing is left. A tombstone's end raises the pruned mark.
        """
        ...

    async def checkpoint(self) -> None:
        """Fold the log of commits into the main file, when there is time for it."""
        ...

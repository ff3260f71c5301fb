"""What one commit holds, row by row, and what the store gives back: plain values for every store.

A `Group` is applied in one transaction or not at all. Instants are ms since the epoch, `bytes` MessagePack.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from rules.cards.card import Card


class JournalRow(msgspec.Struct, frozen=True, gc=False):
    """One accepted input, as it came. `kind`: event, action, start, customer, flow, segment, operator."""

    id: str
    at: int
    kind: str
    source: str
    customer: str | None
    name: str
    payload: bytes


class DedupeRow(msgspec.Struct, frozen=True, gc=False):
    """That (source, customer, id) was taken. `digest` tells a repeat from a conflict, `code` answers it.

    `digest` is a 16-byte BLAKE2b digest, `key` one behind the first bytes of the id; `day` is days since the
    epoch: tables are per day.
    """

    day: int
    key: bytes
    digest: bytes
    code: str | None = None


class AnswerRow(msgspec.Struct, frozen=True, gc=False):
    """The kept answer of a call with an `Idempotency-Key`: for 24 hours (HTTP API, Conventions)."""

    key: bytes
    digest: bytes
    answer: bytes
    expires_at: int


class InstanceRow(msgspec.Struct, frozen=True, gc=False):
    """An instance's snapshot and what finds it. `live`: it has an actor (running, failed, or open cards).

    `new` says insert, else update; `due`: when time next matters; `error`: a code; `step` the first token's;
    `parent`: the instance that started it.
    """

    id: str
    flow: str
    version: int
    customer: str
    key: str | None
    invocation: str
    test: bool
    status: str
    outcome: str | None
    error: str | None
    started_at: int
    ended_at: int | None
    due: int | None
    open_cards: int
    live: bool
    subscriptions: bytes
    state: bytes
    new: bool = False
    step: str | None = None
    parent: str | None = None


class TimelineRow(msgspec.Struct, frozen=True, gc=False):
    instance: str
    turn: int
    at: int
    entry: bytes


class CardRow(msgspec.Struct, frozen=True, gc=False):
    """A card to write. The store assigns `seq`: the customer's feed counter + 1, in the order of the group.

    `view` is None when the rendered view stays; `new` says insert, else update.
    """

    card: Card
    customer: str
    instance: str
    flow: str
    version: int
    test: bool
    view: bytes | None
    new: bool = False


class FeedCard(msgspec.Struct, frozen=True, gc=False):
    """A card as committed: what feeds, answers and the cards API are made of. `view` is an encoded CardView.

    `view_seq` is the `seq` at which the view was last rendered.
    """

    card: Card
    customer: str
    instance: str
    flow: str
    version: int
    test: bool
    seq: int
    view_seq: int
    view: bytes


class CustomerRow(msgspec.Struct, frozen=True, gc=False):
    """A customer's profile (an encoded `rules.customer.Profile`) beside the columns that lists filter on.

    `search` is what operators look for besides the id: names, address, phone; `timezone` None if unknown.
    """

    id: str
    profile: bytes
    test: bool
    tags: tuple[str, ...]
    created_at: int
    updated_at: int
    search: str = ""
    segments: tuple[str, ...] = ()
    timezone: str | None = None


class InboxRow(msgspec.Struct, frozen=True, gc=False):
    """An input that waits for its recipient's own commit. `number` rises: it is the order of delivery."""

    number: int
    instance: str
    customer: str
    at: int
    input: bytes


class OutboxRow(msgspec.Struct, frozen=True, gc=False):
    """A call that leaves the process. `number` rises in order of commit; `key` makes a repeat harmless."""

    number: int
    instance: str
    customer: str
    at: int
    kind: str
    key: str
    payload: bytes


class LedgerRow(msgspec.Struct, frozen=True, gc=False):
    """What a flow remembers of one customer across instances: entry counts, limit steps. `test`: of tests."""

    customer: str
    flow: str
    test: bool
    ledger: bytes


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """What segments count of one customer; `due`: when membership must be looked at again."""

    customer: str
    due: int | None
    history: bytes


class JobRow(msgspec.Struct, frozen=True, gc=False):
    """A long operation and how far it is. `state`: waiting, running, done, stopped, failed, missed.

    `spec` is what to do, as first stored; `cursor` where to go on; `total` None while nobody has counted;
    `unique`, if any, is of one job at a time: who adds the same again is refused. `result`: what it has to
    tell beside counts. `error`: the code of why it failed.
    """

    id: str
    kind: str
    name: str
    state: str
    spec: bytes
    cursor: bytes
    done: int
    total: int | None
    failed: int
    by: str
    created_at: int
    updated_at: int
    ended_at: int | None
    unique: str | None
    result: bytes = b""
    error: str | None = None


class UndoRow(msgspec.Struct, frozen=True, gc=False):
    """An instance as it was before a job moved it to another version in its turn `turn`."""

    job: str
    instance: str
    turn: int
    at: int
    state: bytes


class ResourceRow(msgspec.Struct, frozen=True, gc=False):
    """Configuration kept in the store: segments, event schemas, constants, themes, … `document` is JSON."""

    kind: str
    id: str
    document: bytes
    revision: int
    created_at: int
    updated_at: int


class HookRow(msgspec.Struct, frozen=True, gc=False):
    """The address of a webhook trigger. `sample`: a body taken for the author, until `sampling_until`."""

    token: str
    flow: str
    trigger: str
    paused: bool
    created_at: int
    sampling_until: int | None
    sample: bytes | None
    sampled_at: int | None


class ScheduleRow(msgspec.Struct, frozen=True, gc=False):
    """Up to which instant the occurrences of a schedule trigger were handled, in one time zone."""

    flow: str
    trigger: str
    zone: str
    last_at: int


class FlowRow(msgspec.Struct, frozen=True, gc=False):
    """A flow's metadata and draft. `draft` is the source text as saved (`draft_type`: yaml or json).

    `published` is the version that new starts take (None: never published); `revision` counts draft saves and
    makes its ETag; `cancel_below`: running instances of older versions are being cancelled by a publish;
    `resumed_at`: when it last began to take starts again, after it was paused or archived.
    """

    key: str
    name: str
    description: str
    folder: str
    draft: str
    draft_type: str
    revision: int
    published: int | None
    paused: bool
    archived: bool
    created_at: int
    updated_at: int
    cancel_below: int | None = None
    resumed_at: int | None = None

    @property
    def takes_starts(self) -> bool:
        """Whether its triggers start anything, once it is published."""
        return not (self.paused or self.archived)


class VersionRow(msgspec.Struct, frozen=True, gc=False):
    """One immutable version: published (number ≥ 1), or a draft revision that test instances run (< 0)."""

    flow: str
    number: int
    document: str
    document_type: str
    note: str
    published_at: int
    published_by: str


@dataclass(slots=True)
class Group:
    """Everything of one commit. The last snapshot of an instance wins; cards stay in order of change.

    What a dictionary holds is there afterwards, also if the same was dropped. Of the outbox rows are added,
    then taken (their results are in this commit), then those of dropped instances go.
    """

    journal: list[JournalRow] = field(default_factory=list)
    dedupe: list[DedupeRow] = field(default_factory=list)
    answers: list[AnswerRow] = field(default_factory=list)
    instances: dict[str, InstanceRow] = field(default_factory=dict)
    timeline: list[TimelineRow] = field(default_factory=list)
    cards: list[CardRow] = field(default_factory=list)
    customers: dict[str, CustomerRow] = field(default_factory=dict)
    inbox_added: list[InboxRow] = field(default_factory=list)
    inbox_taken: list[int] = field(default_factory=list)
    flows: dict[str, FlowRow] = field(default_factory=dict)
    versions: list[VersionRow] = field(default_factory=list)
    outbox_added: list[OutboxRow] = field(default_factory=list)
    outbox_taken: list[int] = field(default_factory=list)
    outbox_dropped: list[str] = field(default_factory=list)
    ledgers: dict[tuple[str, str, bool], LedgerRow] = field(default_factory=dict)
    histories: dict[str, HistoryRow] = field(default_factory=dict)
    jobs: dict[str, JobRow] = field(default_factory=dict)
    resources: dict[tuple[str, str], ResourceRow] = field(default_factory=dict)
    resources_dropped: list[tuple[str, str]] = field(default_factory=list)
    hooks: dict[str, HookRow] = field(default_factory=dict)
    hooks_dropped: list[str] = field(default_factory=list)
    schedules: dict[tuple[str, str, str], ScheduleRow] = field(default_factory=dict)
    schedules_dropped: list[tuple[str, str]] = field(default_factory=list)
    undos: list[UndoRow] = field(default_factory=list)

    def row_count(self) -> int:
        """How many rows the commit writes: what the group's limit is held against."""
        # With each input: spelled out, because a loop over the names takes three times as long.
        return (
            len(self.journal)
            + len(self.dedupe)
            + len(self.answers)
            + len(self.instances)
            + len(self.timeline)
            + len(self.cards)
            + len(self.customers)
            + len(self.inbox_added)
            + len(self.inbox_taken)
            + len(self.flows)
            + len(self.versions)
            + len(self.outbox_added)
            + len(self.outbox_taken)
            + len(self.outbox_dropped)
            + len(self.ledgers)
            + len(self.histories)
            + len(self.jobs)
            + len(self.resources)
            + len(self.resources_dropped)
            + len(self.hooks)
            + len(self.hooks_dropped)
            + len(self.schedules)
            + len(self.schedules_dropped)
            + len(self.undos)
        )


class Route(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What recovery needs of a live instance: no snapshot."""

    id: str
    flow: str
    version: int
    customer: str
    key: str | None
    test: bool
    status: str
    open_cards: int
    subscriptions: bytes


class Meta(msgspec.Struct, frozen=True):
    """The store's header. `epoch` is new when a store is created or restored from a backup."""

    epoch: str
    schema: int
    created_at: int


class FeedHead(msgspec.Struct, frozen=True):
    """A customer's feed counter, and up to where tombstones were pruned."""

    seq: int = 0
    pruned: int = 0


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A journal row as read back."""

    number: int
    row: JournalRow


class Member(msgspec.Struct, frozen=True, gc=False):
    """A customer of an audience. `number` rises in the order in which customers were first stored."""

    number: int
    customer: str
    timezone: str | None


class Stretch(msgspec.Struct, frozen=True):
    """A piece of a walk over instances: (number, id), by rising number. It may be short although more follow.

    `looked_to`: the number to go on after, None at the end.
    """

    ids: list[tuple[int, str]]
    looked_to: int | None

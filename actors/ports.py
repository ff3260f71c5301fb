"""What the runtime needs from outside: a clock and a store. The edges supply them (`server/`), tests theirs.

One contract suite (`tests/contract/`) holds every store to what is promised here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .records import (
    AnswerRow,
    CustomerRow,
    DedupeRow,
    FeedCard,
    FeedHead,
    FlowRow,
    Group,
    InboxRow,
    InstanceRow,
    JournalEntry,
    Meta,
    Route,
    TimelineRow,
    VersionRow,
)


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


class StoreError(Exception):
    """A commit or read failed and was rolled back: nothing of it is stored."""


class StoreFull(StoreError):
    """No room, or busy, with no transaction left open: the runtime recovers in place and goes on."""


class StoreBroken(StoreError):
    """An I/O error at COMMIT or sync: what is on disk is unknown. The process must end (exit code 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """All given fields must match; `cursor` continues a list (newest first)."""

    flow: str | None = None
    version: int | None = None
    customer: str | None = None
    status: str | None = None
    key: str | None = None
    step: str | None = None
    invocation: str | None = None
    test: bool | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFilter:
    customer: str | None = None
    flow: str | None = None
    instance: str | None = None
    status: str | None = None
    stream: str | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    tag: str | None = None
    test: bool | None = None
    q: str | None = None
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

        Raises StoreFull or StoreBroken; after any error nothing of the group is visible.
        """
        ...

    # recovery and prefetch: batched
    def routes(self) -> AsyncIterator[Sequence[Route]]:
        """Every live instance, in order of start, in chunks."""
        ...

    async def inbox(self, *, after: int, limit: int) -> Sequence[InboxRow]: ...

    async def last_inbox_number(self) -> int: ...

    async def states(self, ids: Sequence[str]) -> Mapping[str, bytes]: ...

    async def seen(self, keys: Sequence[bytes]) -> Mapping[bytes, DedupeRow]:
        """Those of these dedupe keys that were taken within the window."""
        ...

    async def answers(self, keys: Sequence[bytes], *, now: int) -> Mapping[bytes, AnswerRow]: ...

    async def profiles(self, ids: Sequence[str]) -> Mapping[str, CustomerRow]: ...

    async def due(self, *, before: int, limit: int) -> Sequence[tuple[int, str]]:
        """(due, instance id) of live instances due before then, earliest first."""
        ...

    async def live_below(self, flow: str, version: int, *, limit: int) -> Sequence[str]:
        """Ids of running or failed instances of this flow on a version from 1 up to below `version`."""
        ...

    # definitions
    async def flows(self) -> Sequence[FlowRow]: ...

    async def flow(self, key: str) -> FlowRow | None: ...

    async def version(self, flow: str, number: int) -> VersionRow | None: ...

    async def versions(self, flow: str) -> Sequence[VersionRow]: ...

    # feeds
    async def feed_head(self, customer: str) -> FeedHead: ...

    async def feed(self, customer: str, *, since: int, limit: int) -> tuple[FeedHead, Sequence[FeedCard]]:
        """The head, and cards changed after `since` by rising `seq`, from one consistent read."""
        ...

    async def feed_open(self, customer: str) -> tuple[FeedHead, Sequence[FeedCard]]:
        """The head, and every active and snoozed card (at most the 500 a customer may have)."""
        ...

    # reads of the API
    async def instance(self, id: str) -> InstanceRow | None: ...

    async def instances(self, filter: InstanceFilter) -> tuple[Sequence[InstanceRow], str | None]:
        """Rows without state (b''), newest first, and the next cursor."""
        ...

    async def timeline(self, instance: str, *, after: int, limit: int) -> Sequence[TimelineRow]: ...

    async def card(self, id: str) -> FeedCard | None: ...

    async def cards(self, filter: CardFilter) -> tuple[Sequence[FeedCard], str | None]: ...

    async def customers(self, filter: CustomerFilter) -> tuple[Sequence[CustomerRow], str | None]: ...

    async def journal(self, *, after: int, limit: int) -> Sequence[JournalEntry]: ...

    async def instance_counts(self, flow: str) -> Mapping[tuple[int, str], int]:
        """How many instances (tests left out) by (version, status)."""
        ...

    # upkeep: bounded pieces, called by the runtime's keeper
    async def prune(self, *, now: int) -> int:
        """Drop what is past its window (dedupe days, answers, journal, timelines, tombstones); rows dropped."""
        ...

    async def checkpoint(self) -> None: ...

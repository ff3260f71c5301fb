"""The store in memory: what `ports.Store` promises without a disk, for tests, simulation and flow tests.

Every call lets other tasks run once, as a real store's would; `fail_next` makes a commit fail.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from rules.cards.card import ON_SCREEN

from .memory_filters import UNFINISHED, belongs, finds_card, finds_instance, stretch_of
from .memory_rows import Rows
from .ports import CardFilter, CustomerFilter, InstanceFilter, JobFilter, Retention, StoreError
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

ROUTES_PER_CHUNK = 1_000
OPEN_JOBS = frozenset({"waiting", "running"})


class MemoryStore:
    """`rows` is what is committed. It survives `close` and `open`: a crash is to forget the engine alone."""

    def __init__(self, *, epoch: str = "memory", retention: Retention | None = None) -> None:
        self._meta = Meta(epoch=epoch, schema=1, created_at=0)
        self._retention = retention or Retention()
        self._failures: list[tuple[StoreError, bool]] = []
        self.rows = Rows()

    async def open(self) -> Meta:
        await _others()
        return self._meta

    async def close(self) -> None:
        await _others()

    def fail_next(self, error: StoreError, *, committed: bool = False) -> None:
        """Let the next `apply` raise this; `committed`: after storing its rows, as if the answer was lost."""
        self._failures.append((error, committed))

    # ── the write ──────────────────────────────────────────────────────────────────────────────────────
    async def apply(self, group: Group) -> Sequence[FeedCard]:
        await _others()
        error, committed = self._failures.pop(0) if self._failures else (None, True)
        cards: list[FeedCard] = []
        if committed:
            self.rows.check(group)
            cards = self.rows.write(group)
        await _others()
        if error is not None:
            raise error
        return cards

    # ── recovery and prefetch ──────────────────────────────────────────────────────────────────────────
    async def routes(self) -> AsyncIterator[Sequence[Route]]:
        live = [_route(row) for row in self.rows.instances.rows.values() if row.live]
        for first in range(0, len(live), ROUTES_PER_CHUNK):
            await _others()
            yield live[first : first + ROUTES_PER_CHUNK]

    async def inbox(self, *, after: int, limit: int) -> Sequence[InboxRow]:
        await _others()
        return self.rows.inbox.read(after=after, limit=limit)

    async def last_inbox_number(self) -> int:
        await _others()
        return self.rows.inbox.last_number

    async def outbox(self, *, after: int, limit: int) -> Sequence[OutboxRow]:
        await _others()
        return self.rows.outbox.read(after=after, limit=limit)

    async def last_outbox_number(self) -> int:
        await _others()
        return self.rows.outbox.last_number

    async def states(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        await _others()
        return {id: row.state for id, row in self.rows.instances.some(ids).items()}

    async def seen(self, keys: Sequence[bytes]) -> Mapping[bytes, DedupeRow]:
        await _others()
        days = [self.rows.dedupe[day] for day in sorted(self.rows.dedupe)]
        return {key: day[key] for day in days for key in keys if key in day}

    async def answers(self, keys: Sequence[bytes], *, now: int) -> Mapping[bytes, AnswerRow]:
        await _others()
        found = {key: self.rows.answers[key] for key in keys if key in self.rows.answers}
        return {key: row for key, row in found.items() if row.expires_at > now}

    async def profiles(self, ids: Sequence[str]) -> Mapping[str, CustomerRow]:
        await _others()
        return self.rows.customers.some(ids)

    async def ledgers(
        self, keys: Sequence[tuple[str, str, bool]]
    ) -> Mapping[tuple[str, str, bool], LedgerRow]:
        await _others()
        return {key: self.rows.ledgers[key] for key in keys if key in self.rows.ledgers}

    async def histories(self, ids: Sequence[str]) -> Mapping[str, HistoryRow]:
        await _others()
        return {id: self.rows.histories[id] for id in ids if id in self.rows.histories}

    async def cards_by_id(self, ids: Sequence[str]) -> Mapping[str, FeedCard]:
        await _others()
        return self.rows.cards.some(ids)

    async def due(self, *, before: int, limit: int) -> Sequence[tuple[int, str]]:
        await _others()
        live = [
            (row.due, row.id) for row in self.rows.instances.rows.values() if row.live and row.due is not None
        ]
        return sorted((entry for entry in live if entry[0] < before), key=lambda entry: entry[0])[:limit]

    async def checks_due(self, *, before: int, limit: int) -> Sequence[tuple[int, str]]:
        await _others()
        rows = self.rows.histories.values()
        due = [(row.due, row.customer) for row in rows if row.due is not None and row.due < before]
        return sorted(due, key=lambda entry: entry[0])[:limit]

    async def live_below(self, flow: str, version: int, *, limit: int) -> Sequence[str]:
        await _others()
        rows = (
            row for row in self.rows.instances.rows.values() if row.flow == flow and row.status in UNFINISHED
        )
        return [row.id for row in rows if 1 <= row.version < version][:limit]

    # ── audiences ──────────────────────────────────────────────────────────────────────────────────────
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
        await _others()
        walk = islice(self.rows.customers.walk(belongs(segment, tag, zone, test=test), after=after), limit)
        return [Member(number, row.id, row.timezone) for number, row in walk]

    async def audience_count(
        self, *, segment: str | None, tag: str | None, zone: str | None, test: bool | None = False
    ) -> int:
        await _others()
        return sum(1 for _ in self.rows.customers.walk(belongs(segment, tag, zone, test=test)))

    async def zones(self) -> Sequence[str]:
        await _others()
        return sorted({row.timezone or "" for row in self.rows.customers.rows.values()})

    # ── definitions ────────────────────────────────────────────────────────────────────────────────────
    async def flows(self) -> Sequence[FlowRow]:
        await _others()
        return [self.rows.flows[key] for key in sorted(self.rows.flows)]

    async def flow(self, key: str) -> FlowRow | None:
        await _others()
        return self.rows.flows.get(key)

    async def version(self, flow: str, number: int) -> VersionRow | None:
        await _others()
        return self.rows.versions.get((flow, number))

    async def versions(self, flow: str) -> Sequence[VersionRow]:
        await _others()
        rows = (row for row in self.rows.versions.values() if row.flow == flow and row.number >= 1)
        return [replace(row, document="") for row in sorted(rows, key=lambda row: -row.number)]

    async def resources(self) -> Sequence[ResourceRow]:
        await _others()
        return [self.rows.resources[key] for key in sorted(self.rows.resources)]

    async def hooks(self) -> Sequence[HookRow]:
        await _others()
        return [self.rows.hooks[token] for token in sorted(self.rows.hooks)]

    async def schedules(self) -> Sequence[ScheduleRow]:
        await _others()
        return [self.rows.schedules[place] for place in sorted(self.rows.schedules)]

    # ── jobs ───────────────────────────────────────────────────────────────────────────────────────────
    async def job(self, id: str) -> JobRow | None:
        await _others()
        return self.rows.jobs.rows.get(id)

    async def jobs(self, filter: JobFilter) -> tuple[Sequence[JobRow], str | None]:
        await _others()

        def matches(row: JobRow) -> bool:
            return (
                filter.kind in (None, row.kind)
                and filter.name in (None, row.name)
                and filter.state in (None, row.state)
                and filter.by in (None, row.by)
            )

        page, cursor = self.rows.jobs.page(matches, cursor=filter.cursor, limit=filter.limit)
        return [replace(row, spec=b"", result=b"") for row in page], cursor

    async def open_jobs(self) -> Sequence[JobRow]:
        await _others()
        return [row for row in self.rows.jobs.rows.values() if row.state in OPEN_JOBS]

    async def job_uniques(self, uniques: Sequence[str]) -> Mapping[str, str]:
        await _others()
        taken = {row.unique: row.id for row in self.rows.jobs.rows.values()}
        return {unique: taken[unique] for unique in uniques if unique in taken}

    async def undos(self, job: str, *, after: int, limit: int) -> Sequence[tuple[int, UndoRow]]:
        await _others()
        own = ((n, row) for n, row in self.rows.undos.items() if row.job == job and n > after)
        return list(islice(own, limit))

    # ── feeds and the reads of the API ─────────────────────────────────────────────────────────────────
    async def feed_head(self, customer: str) -> FeedHead:
        await _others()
        return self.rows.feeds.get(customer, FeedHead())

    async def feed(self, customer: str, *, since: int, limit: int) -> tuple[FeedHead, Sequence[FeedCard]]:
        await _others()
        changed = [card for card in self._feed_of(customer) if card.seq > since]
        return self.rows.feeds.get(customer, FeedHead()), changed[:limit]

    async def feed_open(self, customer: str) -> tuple[FeedHead, Sequence[FeedCard]]:
        await _others()
        shown = [card for card in self._feed_of(customer) if card.card.status in ON_SCREEN]
        return self.rows.feeds.get(customer, FeedHead()), shown

    def _feed_of(self, customer: str) -> list[FeedCard]:
        own = (card for card in self.rows.cards.rows.values() if card.customer == customer)
        return sorted(own, key=lambda card: card.seq)

    async def instance(self, id: str) -> InstanceRow | None:
        await _others()
        return self.rows.instances.rows.get(id)

    async def instances(self, filter: InstanceFilter) -> tuple[Sequence[InstanceRow], str | None]:
        await _others()
        page, cursor = self.rows.instances.page(
            finds_instance(filter), cursor=filter.cursor, limit=filter.limit
        )
        return [replace(row, state=b"") for row in page], cursor

    async def instance_numbers(
        self, filter: InstanceFilter, *, after: int, up_to: int | None, limit: int
    ) -> Stretch:
        await _others()
        walk = self.rows.instances.walk(finds_instance(filter), after=after, up_to=up_to)
        return stretch_of([(number, row.id) for number, row in islice(walk, limit + 1)], limit)

    async def tally_instances(
        self, filter: InstanceFilter, *, up_to: int | None = None
    ) -> Mapping[tuple[str, str | None, str | None], int]:
        await _others()
        walk = self.rows.instances.walk(finds_instance(filter), up_to=up_to)
        return Counter((row.status, row.step, row.error) for _, row in walk)

    async def last_instance_number(self) -> int:
        await _others()
        return self.rows.instances.last_number

    async def timeline(self, instance: str, *, after: int, limit: int) -> Sequence[TimelineRow]:
        await _others()
        rows = (row for row in self.rows.timeline if row.instance == instance and row.turn > after)
        return sorted(rows, key=lambda row: row.turn)[:limit]

    async def card(self, id: str) -> FeedCard | None:
        await _others()
        return self.rows.cards.rows.get(id)

    async def cards(self, filter: CardFilter) -> tuple[Sequence[FeedCard], str | None]:
        await _others()
        return self.rows.cards.page(finds_card(filter), cursor=filter.cursor, limit=filter.limit)

    async def card_numbers(self, filter: CardFilter, *, after: int, up_to: int | None, limit: int) -> Stretch:
        await _others()
        walk = self.rows.cards.walk(finds_card(filter), after=after, up_to=up_to)
        return stretch_of([(number, row.card.id) for number, row in islice(walk, limit + 1)], limit)

    async def tally_cards(
        self, filter: CardFilter, *, up_to: int | None = None
    ) -> Mapping[tuple[str, str], int]:
        await _others()
        walk = self.rows.cards.walk(finds_card(filter), up_to=up_to)
        return Counter((row.card.status.value, row.flow) for _, row in walk)

    async def last_card_number(self) -> int:
        await _others()
        return self.rows.cards.last_number

    async def customers(self, filter: CustomerFilter) -> tuple[Sequence[CustomerRow], str | None]:
        await _others()
        q = (filter.q or "").lower()

        def matches(row: CustomerRow) -> bool:
            return (
                (filter.tag is None or filter.tag in row.tags)
                and (filter.segment is None or filter.segment in row.segments)
                and (filter.test is None or filter.test == row.test)
                and (q in row.id.lower() or q in row.search.lower())
            )

        return self.rows.customers.page(matches, cursor=filter.cursor, limit=filter.limit)

    async def journal(self, *, after: int, limit: int) -> Sequence[JournalEntry]:
        await _others()
        return [entry for entry in self.rows.journal if entry.number > after][:limit]

    async def instance_counts(self, flow: str) -> Mapping[tuple[int, str], int]:
        await _others()
        rows = (row for row in self.rows.instances.rows.values() if row.flow == flow and not row.test)
        return Counter((row.version, row.status) for row in rows)

    # ── upkeep ─────────────────────────────────────────────────────────────────────────────────────────
    async def prune(self, *, now: int) -> int:
        await _others()
        return self.rows.prune(now, self._retention)

    async def checkpoint(self) -> None:
        await _others()


async def _others() -> None:
    await asyncio.sleep(0)


def _route(row: InstanceRow) -> Route:
    return Route(
        id=row.id,
        flow=row.flow,
        version=row.version,
        customer=row.customer,
        key=row.key,
        test=row.test,
        status=row.status,
        open_cards=row.open_cards,
        subscriptions=row.subscriptions,
    )

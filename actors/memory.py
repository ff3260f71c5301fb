"""The store in memory: what `ports.Store` promises without a disk, for tests, simulation and flow tests.

Every call lets other tasks run once, as a real store's would; `fail_next` makes a commit fail.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from rules.cards.card import ON_SCREEN
from rules.instance import InstanceStatus

from .ports import MS_PER_DAY, CardFilter, CustomerFilter, InstanceFilter, Retention, StoreError
from .records import (
    AnswerRow,
    CardRow,
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

ROUTES_PER_CHUNK = 1_000
PRUNED_PER_CALL = 1_000
UNFINISHED = frozenset({InstanceStatus.RUNNING.value, InstanceStatus.FAILED.value})

_T = TypeVar("_T")


class MemoryStore:
    """`committed` survives `close` and `open`, so a crash is: forget the engine, keep the store."""

    def __init__(self, *, epoch: str = "memory", retention: Retention | None = None) -> None:
        self._meta = Meta(epoch=epoch, schema=1, created_at=0)
        self._retention = retention or Retention()
        self._failures: list[tuple[StoreError, bool]] = []
        self._instances: dict[str, InstanceRow] = {}
        self._timeline: list[TimelineRow] = []
        self._journal: list[JournalEntry] = []
        self._journal_number = 0
        self._dedupe: dict[int, dict[bytes, DedupeRow]] = {}
        self._answers: dict[bytes, AnswerRow] = {}
        self._cards: dict[str, FeedCard] = {}
        self._feeds: dict[str, FeedHead] = {}
        self._customers: dict[str, CustomerRow] = {}
        self._inbox: dict[int, InboxRow] = {}
        self._inbox_number = 0
        self._flows: dict[str, FlowRow] = {}
        self._versions: dict[tuple[str, int], VersionRow] = {}

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
            self._check(group)
            cards = self._write(group)
        await _others()
        if error is not None:
            raise error
        return cards

    def _check(self, group: Group) -> None:
        """Raise before anything is changed: what follows cannot fail."""
        for row in group.instances.values():
            _expect(row.new != (row.id in self._instances), f"instance {row.id}: new is {row.new}")
        started = self._instances.keys() | group.instances.keys()
        for entry in group.timeline:
            _expect(entry.instance in started, f"timeline of {entry.instance}: no such instance")
        taken = [(row.day, row.key) for row in group.dedupe]
        repeated = any(key in self._dedupe.get(day, {}) for day, key in taken)
        _expect(not repeated and _unique(taken), "the same dedupe key twice")
        self._check_cards(group.cards)
        self._check_inbox(group)
        for version in group.versions:
            stored = self._versions.get((version.flow, version.number), version)
            same = stored.document == version.document
            _expect(same, f"version {version.number} of {version.flow} cannot change")

    def _check_cards(self, rows: Iterable[CardRow]) -> None:
        there = set(self._cards)
        for row in rows:
            _expect(row.new != (row.card.id in there), f"card {row.card.id}: new is {row.new}")
            _expect(row.view is not None or not row.new, f"card {row.card.id}: a new card has a view")
            there.add(row.card.id)

    def _check_inbox(self, group: Group) -> None:
        added = [row.number for row in group.inbox_added]
        _expect(_unique(added) and not self._inbox.keys() & set(added), "an inbox number given twice")
        taken = group.inbox_taken
        there = self._inbox.keys() | set(added)
        _expect(_unique(taken) and set(taken) <= there, "an inbox row taken twice")

    def _write(self, group: Group) -> list[FeedCard]:
        for entry in group.journal:
            self._journal_number += 1
            self._journal.append(JournalEntry(number=self._journal_number, row=entry))
        for taken in group.dedupe:
            self._dedupe.setdefault(taken.day, {})[taken.key] = taken
        self._answers.update((answer.key, answer) for answer in group.answers)
        # What was inserted is not new when it is read back; an update keeps the place in the order of start.
        self._instances.update((row.id, replace(row, new=False)) for row in group.instances.values())
        self._timeline += group.timeline
        self._customers.update(group.customers)
        for mail in group.inbox_added:
            self._inbox[mail.number] = mail
            self._inbox_number = max(self._inbox_number, mail.number)
        for number in group.inbox_taken:
            del self._inbox[number]
        self._flows.update(group.flows)
        for version in group.versions:
            self._versions.setdefault((version.flow, version.number), version)
        return [self._write_card(row) for row in group.cards]

    def _write_card(self, row: CardRow) -> FeedCard:
        head = self._feeds.get(row.customer, FeedHead())
        seq = head.seq + 1
        self._feeds[row.customer] = FeedHead(seq=seq, pruned=head.pruned)
        if row.view is None:
            card = replace(self._cards[row.card.id], card=row.card, seq=seq)
        else:
            card = FeedCard(
                card=row.card,
                customer=row.customer,
                instance=row.instance,
                flow=row.flow,
                version=row.version,
                test=row.test,
                seq=seq,
                view_seq=seq,
                view=row.view,
            )
        self._cards[row.card.id] = card
        return card

    # ── recovery and prefetch ──────────────────────────────────────────────────────────────────────────
    async def routes(self) -> AsyncIterator[Sequence[Route]]:
        live = [_route(row) for row in self._instances.values() if row.live]
        for first in range(0, len(live), ROUTES_PER_CHUNK):
            await _others()
            yield live[first : first + ROUTES_PER_CHUNK]

    async def inbox(self, *, after: int, limit: int) -> Sequence[InboxRow]:
        await _others()
        return [self._inbox[number] for number in sorted(self._inbox) if number > after][:limit]

    async def last_inbox_number(self) -> int:
        await _others()
        return self._inbox_number

    async def states(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        await _others()
        return {id: self._instances[id].state for id in ids if id in self._instances}

    async def seen(self, keys: Sequence[bytes]) -> Mapping[bytes, DedupeRow]:
        await _others()
        days = [self._dedupe[day] for day in sorted(self._dedupe)]
        return {key: day[key] for day in days for key in keys if key in day}

    async def answers(self, keys: Sequence[bytes], *, now: int) -> Mapping[bytes, AnswerRow]:
        await _others()
        found = {key: self._answers[key] for key in keys if key in self._answers}
        return {key: row for key, row in found.items() if row.expires_at > now}

    async def profiles(self, ids: Sequence[str]) -> Mapping[str, CustomerRow]:
        await _others()
        return {id: self._customers[id] for id in ids if id in self._customers}

    async def cards_by_id(self, ids: Sequence[str]) -> Mapping[str, FeedCard]:
        await _others()
        return {id: self._cards[id] for id in ids if id in self._cards}

    async def due(self, *, before: int, limit: int) -> Sequence[tuple[int, str]]:
        await _others()
        live = [(row.due, row.id) for row in self._instances.values() if row.live and row.due is not None]
        return sorted((entry for entry in live if entry[0] < before), key=lambda entry: entry[0])[:limit]

    async def live_below(self, flow: str, version: int, *, limit: int) -> Sequence[str]:
        await _others()
        rows = (row for row in self._instances.values() if row.flow == flow and row.status in UNFINISHED)
        return [row.id for row in rows if 1 <= row.version < version][:limit]

    # ── definitions ────────────────────────────────────────────────────────────────────────────────────
    async def flows(self) -> Sequence[FlowRow]:
        await _others()
        return [self._flows[key] for key in sorted(self._flows)]

    async def flow(self, key: str) -> FlowRow | None:
        await _others()
        return self._flows.get(key)

    async def version(self, flow: str, number: int) -> VersionRow | None:
        await _others()
        return self._versions.get((flow, number))

    async def versions(self, flow: str) -> Sequence[VersionRow]:
        await _others()
        rows = (row for row in self._versions.values() if row.flow == flow and row.number >= 1)
        return [replace(row, document="") for row in sorted(rows, key=lambda row: -row.number)]

    # ── feeds and the reads of the API ─────────────────────────────────────────────────────────────────
    async def feed_head(self, customer: str) -> FeedHead:
        await _others()
        return self._feeds.get(customer, FeedHead())

    async def feed(self, customer: str, *, since: int, limit: int) -> tuple[FeedHead, Sequence[FeedCard]]:
        await _others()
        changed = [card for card in self._feed_of(customer) if card.seq > since]
        return self._feeds.get(customer, FeedHead()), changed[:limit]

    async def feed_open(self, customer: str) -> tuple[FeedHead, Sequence[FeedCard]]:
        await _others()
        shown = [card for card in self._feed_of(customer) if card.card.status in ON_SCREEN]
        return self._feeds.get(customer, FeedHead()), shown

    def _feed_of(self, customer: str) -> list[FeedCard]:
        own = (card for card in self._cards.values() if card.customer == customer)
        return sorted(own, key=lambda card: card.seq)

    async def instance(self, id: str) -> InstanceRow | None:
        await _others()
        return self._instances.get(id)

    async def instances(self, filter: InstanceFilter) -> tuple[Sequence[InstanceRow], str | None]:
        await _others()
        names = ("flow", "version", "customer", "status", "key", "step", "invocation", "test")
        wanted = {name: value for name in names if (value := getattr(filter, name)) is not None}
        page, cursor = _page(
            self._instances.values(),
            lambda row: all(getattr(row, name) == value for name, value in wanted.items()),
            cursor=filter.cursor,
            limit=filter.limit,
        )
        return [replace(row, state=b"") for row in page], cursor

    async def timeline(self, instance: str, *, after: int, limit: int) -> Sequence[TimelineRow]:
        await _others()
        rows = (row for row in self._timeline if row.instance == instance and row.turn > after)
        return sorted(rows, key=lambda row: row.turn)[:limit]

    async def card(self, id: str) -> FeedCard | None:
        await _others()
        return self._cards.get(id)

    async def cards(self, filter: CardFilter) -> tuple[Sequence[FeedCard], str | None]:
        await _others()
        wanted = {
            name: value
            for name in ("customer", "flow", "instance")
            if (value := getattr(filter, name)) is not None
        }

        def matches(row: FeedCard) -> bool:
            return (
                all(getattr(row, name) == value for name, value in wanted.items())
                and (filter.status is None or row.card.status == filter.status)
                and (filter.stream is None or filter.stream in row.card.streams)
            )

        return _page(self._cards.values(), matches, cursor=filter.cursor, limit=filter.limit)

    async def customers(self, filter: CustomerFilter) -> tuple[Sequence[CustomerRow], str | None]:
        await _others()
        q = (filter.q or "").lower()

        def matches(row: CustomerRow) -> bool:
            return (
                (filter.tag is None or filter.tag in row.tags)
                and (filter.test is None or filter.test == row.test)
                and (q in row.id.lower() or q in row.search.lower())
            )

        return _page(self._customers.values(), matches, cursor=filter.cursor, limit=filter.limit)

    async def journal(self, *, after: int, limit: int) -> Sequence[JournalEntry]:
        await _others()
        return [entry for entry in self._journal if entry.number > after][:limit]

    async def instance_counts(self, flow: str) -> Mapping[tuple[int, str], int]:
        await _others()
        rows = (row for row in self._instances.values() if row.flow == flow and not row.test)
        return Counter((row.version, row.status) for row in rows)

    # ── upkeep ─────────────────────────────────────────────────────────────────────────────────────────
    async def prune(self, *, now: int) -> int:
        await _others()
        keep, room = self._retention, PRUNED_PER_CALL
        oldest_day = now // MS_PER_DAY - keep.dedupe_days
        days = [day for day in self._dedupe if day < oldest_day]
        answers = [row.key for row in self._answers.values() if row.expires_at <= now][:room]
        journal = _head_before(((entry.row.at for entry in self._journal)), now - keep.journal_ms)
        timeline = _head_before((row.at for row in self._timeline), now - keep.timeline_ms)
        for day in days:
            del self._dedupe[day]
        for key in answers:
            del self._answers[key]
        del self._journal[:journal], self._timeline[:timeline]
        dropped = len(days) + len(answers) + journal + timeline
        return dropped + self._prune_cards(now) + self._prune_instances(now)

    async def checkpoint(self) -> None:
        await _others()

    def _prune_cards(self, now: int) -> int:
        before = now - self._retention.tombstones_ms
        old = [card for card in self._cards.values() if (card.card.closed_at or before) < before]
        for card in old[:PRUNED_PER_CALL]:
            head = self._feeds[card.customer]
            self._feeds[card.customer] = FeedHead(seq=head.seq, pruned=max(head.pruned, card.seq))
            del self._cards[card.card.id]
        return len(old[:PRUNED_PER_CALL])

    def _prune_instances(self, now: int) -> int:
        before = now - self._retention.instances_ms
        with_cards = {card.instance for card in self._cards.values()}
        ended = [
            row.id
            for row in self._instances.values()
            if not row.live and (row.ended_at or before) < before and row.id not in with_cards
        ]
        for id in ended[:PRUNED_PER_CALL]:
            del self._instances[id]
        gone = set(ended[:PRUNED_PER_CALL])
        self._timeline = [row for row in self._timeline if row.instance not in gone]
        return len(gone)


async def _others() -> None:
    await asyncio.sleep(0)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise StoreError(otherwise)


def _unique(values: Sequence[object]) -> bool:
    return len(set(values)) == len(values)


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


def _head_before(instants: Iterator[int], before: int) -> int:
    """How many of the first rows are older: rows are in order of commit, so only the head is looked at."""
    count = 0
    for at in instants:
        if at >= before or count == PRUNED_PER_CALL:
            break
        count += 1
    return count


def _page(
    rows: Iterable[_T], matches: Callable[[_T], bool], *, cursor: str | None, limit: int
) -> tuple[list[_T], str | None]:
    """Newest first. A cursor is the place of the last row that was given, counted from the oldest."""
    end = None if cursor is None else int(cursor)
    numbered = list(enumerate(rows))[:end]
    found = [(number, row) for number, row in reversed(numbered) if matches(row)]
    page = found[:limit]
    return [row for _, row in page], str(page[-1][0]) if len(found) > limit else None

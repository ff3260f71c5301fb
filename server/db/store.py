"""`actors.ports.Store` on SQLite: one lane that writes, lanes that read, and what each call runs there.

Leaves rows to `writes.py`, `reads.py`, `lists.py`, the meaning of errors to `connection.py`. Whoever opens a
store holds the folder's lock.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from actors.ports import (
    CardFilter,
    CustomerFilter,
    InstanceFilter,
    JobFilter,
    Retention,
    StoreBroken,
    StoreError,
)
from actors.records import (
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

from ..auth.rows import ApiKeyRow, AppKeyRow
from . import customers, jobs, keys, lists, reads, upkeep, walks
from .connection import DATABASE, Database, Lane, Open, open_file, open_reader, open_writer, transact
from .migrations import migrate
from .writes import write_group

ROUTES_PER_CHUNK: Final = 1_000

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLimits:
    readers: int = 2
    """Lanes that read: one for what turns wait for, the others for feeds and the API."""
    cache_bytes: int = 64 * 1024 * 1024
    """Pages that the writer keeps in memory; a reader has an eighth of it, and the system its cache."""
    checkpoint_pages: int = 4_000


class SqliteStore:
    def __init__(
        self,
        folder: Path,
        *,
        now: Callable[[], int],
        limits: StoreLimits | None = None,
        retention: Retention | None = None,
        open: Open = open_file,
    ) -> None:
        self.path: Final = folder / DATABASE
        self._now = now
        self._limits = limits or StoreLimits()
        self._retention = retention or Retention()
        self._open = open
        self._writer: Lane | None = None
        self._readers: list[Lane] = []
        self._next_reader = itertools.count()
        self._days: frozenset[int] = frozenset()
        self._checkpoints = upkeep.Checkpoints(self._limits.checkpoint_pages)
        self._broken: StoreBroken | None = None

    # ── life ───────────────────────────────────────────────────────────────────────────────────────────
    async def open(self) -> Meta:
        assert self._writer is None, "the store is open already"
        cache_bytes = self._limits.cache_bytes
        try:
            self._writer = await _lane(partial(open_writer, self._open, self.path, cache_bytes=cache_bytes))
            meta = await self._writer.run(migrate, epoch=secrets.token_hex(8), now=self._now())
            self._days = frozenset(await self._writer.run(upkeep.dedupe_days))
            for _ in range(self._limits.readers):
                self._readers.append(
                    await _lane(partial(open_reader, self._open, self.path, cache_bytes=cache_bytes // 8))
                )
        except BaseException:
            await self.close()
            raise
        return meta

    async def close(self) -> None:
        """The last connection to close folds the log into the file, unless it can only read.

        After StoreBroken a reader is the last: what the log holds is for the next start to find out.
        """
        is_broken = self._broken is not None or self._checkpoints.error is not None
        if is_broken:
            await self._close_writer()
        while self._readers:
            await self._readers.pop().close()
        await self._close_writer()

    async def _close_writer(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.close()

    async def _write(
        self, work: Callable[Concatenate[Database, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """One transaction on the writer's lane. After StoreBroken nothing is written any more."""
        if self._broken is None and self._checkpoints.error is not None:
            self._broken = StoreBroken(f"the log could not be folded in: {self._checkpoints.error}")
        if self._broken is not None:
            raise self._broken
        assert self._writer is not None, "the store is not open"
        try:
            return await self._writer.run(transact, lambda db: work(db, *args, **kwargs))
        except StoreBroken as error:
            self._broken = error
            raise

    async def _turns(
        self, work: Callable[Concatenate[Database, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """A read that turns wait for: its lane serves nothing else."""
        return await self._readers[0].run(work, *args, **kwargs)

    async def _edges(
        self, work: Callable[Concatenate[Database, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        lanes = self._readers[1:] or self._readers
        return await lanes[next(self._next_reader) % len(lanes)].run(work, *args, **kwargs)

    # ── the write ──────────────────────────────────────────────────────────────────────────────────────
    async def apply(self, group: Group) -> Sequence[FeedCard]:
        cards = await self._write(write_group, group, self._days)
        self._days |= {row.day for row in group.dedupe}
        if self._checkpoints.wrote(group.row_count()) and self._writer is not None:
            # Behind this group's answers, before the next group.
            self._writer.post(self._checkpoints.fold)
        return cards

    # ── recovery and prefetch ──────────────────────────────────────────────────────────────────────────
    async def routes(self) -> AsyncIterator[Sequence[Route]]:
        after = 0
        while True:
            after, chunk = await self._turns(reads.routes, after, ROUTES_PER_CHUNK)
            if not chunk:
                return
            yield chunk

    async def inbox(self, *, after: int, limit: int) -> Sequence[InboxRow]:
        return await self._turns(reads.inbox, after, limit)

    async def last_inbox_number(self) -> int:
        return await self._turns(reads.last_inbox_number)

    async def outbox(self, *, after: int, limit: int) -> Sequence[OutboxRow]:
        return await self._turns(reads.outbox, after, limit)

    async def last_outbox_number(self) -> int:
        return await self._turns(reads.last_outbox_number)

    async def states(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        return await self._turns(reads.states, ids)

    async def seen(self, keys: Sequence[bytes]) -> Mapping[bytes, DedupeRow]:
        return await self._turns(reads.seen, keys, sorted(self._days))

    async def answers(self, keys: Sequence[bytes], *, now: int) -> Mapping[bytes, AnswerRow]:
        return await self._turns(reads.answers, keys, now)

    async def profiles(self, ids: Sequence[str]) -> Mapping[str, CustomerRow]:
        return await self._turns(reads.profiles, ids)

    async def ledgers(
        self, keys: Sequence[tuple[str, str, bool]]
    ) -> Mapping[tuple[str, str, bool], LedgerRow]:
        return await self._turns(reads.ledgers, keys)

    async def histories(self, ids: Sequence[str]) -> Mapping[str, HistoryRow]:
        return await self._turns(reads.histories, ids)

    async def cards_by_id(self, ids: Sequence[str]) -> Mapping[str, FeedCard]:
        return await self._turns(reads.cards_by_id, ids)

    async def due(self, *, before: int, limit: int) -> Sequence[tuple[int, str]]:
        return await self._turns(reads.due, before, limit)

    async def checks_due(self, *, before: int, limit: int) -> Sequence[tuple[int, str]]:
        return await self._turns(reads.checks_due, before, limit)

    async def live_below(self, flow: str, version: int, *, limit: int) -> Sequence[str]:
        return await self._turns(reads.live_below, flow, version, limit)

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
        wanted = customers.Audience(segment, tag, zone, test)
        found, looked_to = await self._edges(customers.members, wanted, after, limit)
        while looked_to is not None and len(found) < limit:
            more, looked_to = await self._edges(customers.members, wanted, looked_to, limit - len(found))
            found += more
        return found

    async def audience_count(
        self, *, segment: str | None, tag: str | None, zone: str | None, test: bool | None = False
    ) -> int:
        wanted = customers.Audience(segment, tag, zone, test)
        count, looked_to = await self._edges(customers.count_members, wanted, 0)
        while looked_to is not None:
            more, looked_to = await self._edges(customers.count_members, wanted, looked_to)
            count += more
        return count

    async def zones(self) -> Sequence[str]:
        return await self._edges(customers.zones)

    # ── definitions ────────────────────────────────────────────────────────────────────────────────────
    async def flows(self) -> Sequence[FlowRow]:
        return await self._turns(reads.flows)

    async def flow(self, key: str) -> FlowRow | None:
        return await self._turns(reads.flow, key)

    async def version(self, flow: str, number: int) -> VersionRow | None:
        return await self._turns(reads.version, flow, number)

    async def versions(self, flow: str) -> Sequence[VersionRow]:
        return await self._edges(reads.versions, flow)

    async def resources(self) -> Sequence[ResourceRow]:
        return await self._turns(reads.resources)

    async def hooks(self) -> Sequence[HookRow]:
        return await self._turns(reads.hooks)

    async def schedules(self) -> Sequence[ScheduleRow]:
        return await self._turns(reads.schedules)

    # ── jobs ───────────────────────────────────────────────────────────────────────────────────────────
    async def job(self, id: str) -> JobRow | None:
        return await self._edges(jobs.job, id)

    async def jobs(self, filter: JobFilter) -> tuple[Sequence[JobRow], str | None]:
        return await self._edges(lists.jobs, filter)

    async def open_jobs(self) -> Sequence[JobRow]:
        return await self._turns(jobs.open_jobs)

    async def job_uniques(self, uniques: Sequence[str]) -> Mapping[str, str]:
        return await self._turns(jobs.job_uniques, uniques)

    async def undos(self, job: str, *, after: int, limit: int) -> Sequence[tuple[int, UndoRow]]:
        return await self._turns(jobs.undos, job, after, limit)

    # ── feeds and the reads of the API ─────────────────────────────────────────────────────────────────
    async def feed_head(self, customer: str) -> FeedHead:
        return await self._edges(reads.feed_head, customer)

    async def feed(self, customer: str, *, since: int, limit: int) -> tuple[FeedHead, Sequence[FeedCard]]:
        return await self._edges(reads.feed, customer, since, limit)

    async def feed_open(self, customer: str) -> tuple[FeedHead, Sequence[FeedCard]]:
        return await self._edges(reads.feed_open, customer)

    async def instance(self, id: str) -> InstanceRow | None:
        return await self._edges(reads.instance, id)

    async def instances(self, filter: InstanceFilter) -> tuple[Sequence[InstanceRow], str | None]:
        return await self._edges(lists.instances, filter)

    async def instance_numbers(
        self, filter: InstanceFilter, *, after: int, up_to: int | None, limit: int
    ) -> Stretch:
        return await self._edges(walks.instance_numbers, filter, after=after, up_to=up_to, limit=limit)

    async def tally_instances(
        self, filter: InstanceFilter, *, up_to: int | None = None
    ) -> Mapping[tuple[str, str | None, str | None], int]:
        counts, after = await self._edges(walks.tally_instances, filter, after=0, up_to=up_to)
        while after is not None:
            more, after = await self._edges(walks.tally_instances, filter, after=after, up_to=up_to)
            counts += more
        return counts

    async def last_instance_number(self) -> int:
        return await self._edges(reads.last_instance_number)

    async def timeline(self, instance: str, *, after: int, limit: int) -> Sequence[TimelineRow]:
        return await self._edges(reads.timeline, instance, after, limit)

    async def card(self, id: str) -> FeedCard | None:
        return (await self._edges(reads.cards_by_id, [id])).get(id)

    async def cards(self, filter: CardFilter) -> tuple[Sequence[FeedCard], str | None]:
        return await self._edges(lists.cards, filter)

    async def card_numbers(self, filter: CardFilter, *, after: int, up_to: int | None, limit: int) -> Stretch:
        return await self._edges(walks.card_numbers, filter, after=after, up_to=up_to, limit=limit)

    async def tally_cards(
        self, filter: CardFilter, *, up_to: int | None = None
    ) -> Mapping[tuple[str, str], int]:
        counts, after = await self._edges(walks.tally_cards, filter, after=0, up_to=up_to)
        while after is not None:
            more, after = await self._edges(walks.tally_cards, filter, after=after, up_to=up_to)
            counts += more
        return counts

    async def last_card_number(self) -> int:
        return await self._edges(reads.last_card_number)

    async def customers(self, filter: CustomerFilter) -> tuple[Sequence[CustomerRow], str | None]:
        return await self._edges(lists.customers, filter)

    async def journal(self, *, after: int, limit: int) -> Sequence[JournalEntry]:
        return await self._edges(reads.journal, after, limit)

    async def instance_counts(self, flow: str) -> Mapping[tuple[int, str], int]:
        return await self._edges(reads.instance_counts, flow)

    # ── upkeep ─────────────────────────────────────────────────────────────────────────────────────────
    async def prune(self, *, now: int) -> int:
        kept = frozenset(upkeep.kept_days(self._days, now, self._retention))
        if kept != self._days:
            self._days = kept
            # Look-ups that wait in the lane still read the days that go: let them pass first.
            await self._turns(reads.nothing)
        return await self._write(upkeep.prune, now, self._retention)

    async def checkpoint(self) -> None:
        if self._writer is None:
            raise StoreError("the store is closed")
        await self._writer.run(self._checkpoints.fold)

    # ── keys of backends and apps ──────────────────────────────────────────────────────────────────────
    async def api_keys(self) -> Sequence[ApiKeyRow]:
        return await self._edges(keys.api_keys)

    async def add_api_key(self, row: ApiKeyRow) -> None:
        await self._write(keys.add_api_key, row)

    async def revoke_api_key(self, id: str, *, at: int) -> bool:
        """False if there is no such key that is not revoked yet."""
        return await self._write(keys.revoke_api_key, id, at)

    async def app_keys(self) -> Sequence[AppKeyRow]:
        return await self._edges(keys.app_keys)

    async def add_app_key(self, row: AppKeyRow) -> bool:
        """False if the name is taken."""
        return await self._write(keys.add_app_key, row)

    async def remove_app_key(self, name: str) -> bool:
        """False if there is none of that name."""
        return await self._write(keys.remove_app_key, name)


async def _lane(connect: Callable[[], Database]) -> Lane:
    lane = Lane(connect)
    await lane.start()
    return lane

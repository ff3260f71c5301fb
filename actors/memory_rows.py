"""What the store in memory holds: how a group is checked and written into it, and what `prune` drops of it.

Plain calls that never wait; `memory.py` is the port around them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from .memory_tables import Queue, Table
from .ports import MS_PER_DAY, Retention, StoreError
from .records import (
    AnswerRow,
    CardRow,
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
    OutboxRow,
    ResourceRow,
    ScheduleRow,
    TimelineRow,
    UndoRow,
    VersionRow,
)

PRUNED_PER_CALL: Final = 1_000


class Rows:
    def __init__(self) -> None:
        self.instances: Table[InstanceRow] = Table()
        self.timeline: list[TimelineRow] = []
        self.journal: list[JournalEntry] = []
        self.dedupe: dict[int, dict[bytes, DedupeRow]] = {}
        self.answers: dict[bytes, AnswerRow] = {}
        self.cards: Table[FeedCard] = Table()
        self.feeds: dict[str, FeedHead] = {}
        self.customers: Table[CustomerRow] = Table()
        self.inbox: Queue[InboxRow] = Queue()
        self.flows: dict[str, FlowRow] = {}
        self.versions: dict[tuple[str, int], VersionRow] = {}
        self.outbox: Queue[OutboxRow] = Queue()
        self.ledgers: dict[tuple[str, str, bool], LedgerRow] = {}
        self.histories: dict[str, HistoryRow] = {}
        self.jobs: Table[JobRow] = Table()
        self.resources: dict[tuple[str, str], ResourceRow] = {}
        self.hooks: dict[str, HookRow] = {}
        self.schedules: dict[tuple[str, str, str], ScheduleRow] = {}
        self.undos: dict[int, UndoRow] = {}
        self._journal_number = 0
        self._undo_number = 0

    # ── before anything is changed ─────────────────────────────────────────────────────────────────────
    def check(self, group: Group) -> None:
        """Raise StoreError if a row cannot be written: what follows cannot fail."""
        there = self.instances.rows.keys()
        for row in group.instances.values():
            _expect(row.new != (row.id in there), f"instance {row.id}: new is {row.new}")
        started = there | group.instances.keys()
        for entry in group.timeline:
            _expect(entry.instance in started, f"timeline of {entry.instance}: no such instance")
        taken = [(row.day, row.key) for row in group.dedupe]
        repeated = any(key in self.dedupe.get(day, {}) for day, key in taken)
        _expect(not repeated and _unique(taken), "the same dedupe key twice")
        self._check_cards(group.cards)
        self._check_queues(group)
        jobs = self.jobs.rows | group.jobs
        uniques = [job.unique for job in jobs.values() if job.unique is not None]
        _expect(_unique(uniques), "two jobs with the same unique")
        for version in group.versions:
            stored = self.versions.get((version.flow, version.number), version)
            same = stored.document == version.document
            _expect(same, f"version {version.number} of {version.flow} cannot change")

    def _check_cards(self, rows: Iterable[CardRow]) -> None:
        there = set(self.cards.rows)
        for row in rows:
            _expect(row.new != (row.card.id in there), f"card {row.card.id}: new is {row.new}")
            _expect(row.view is not None or not row.new, f"card {row.card.id}: a new card has a view")
            there.add(row.card.id)

    def _check_queues(self, group: Group) -> None:
        calls = [row.number for row in group.outbox_added]
        _expect(_unique(calls) and not self.outbox.rows.keys() & set(calls), "an outbox number given twice")
        there = self.inbox.rows.keys()
        added = [row.number for row in group.inbox_added]
        _expect(_unique(added) and not there & set(added), "an inbox number given twice")
        taken = group.inbox_taken
        _expect(_unique(taken) and set(taken) <= there | set(added), "an inbox row taken twice")

    # ── the write ──────────────────────────────────────────────────────────────────────────────────────
    def write(self, group: Group) -> list[FeedCard]:
        for entry in group.journal:
            self._journal_number += 1
            self.journal.append(JournalEntry(number=self._journal_number, row=entry))
        for taken in group.dedupe:
            self.dedupe.setdefault(taken.day, {})[taken.key] = taken
        self.answers.update((answer.key, answer) for answer in group.answers)
        for row in group.instances.values():
            self.instances.put(row.id, replace(row, new=False))  # new when it is stored, not when it is read
        self.timeline += group.timeline
        for customer in group.customers.values():
            self.customers.put(customer.id, customer)
        self.inbox.add(group.inbox_added)
        for number in group.inbox_taken:
            del self.inbox.rows[number]
        self.flows.update(group.flows)
        for version in group.versions:
            self.versions.setdefault((version.flow, version.number), version)
        self._write_outbox(group)
        self.ledgers.update(group.ledgers)
        self.histories.update(group.histories)
        for job in group.jobs.values():
            known = self.jobs.rows.get(job.id, job)
            self.jobs.put(job.id, replace(job, spec=known.spec))
        self._write_settings(group)
        for undo in group.undos:
            self._undo_number += 1
            self.undos[self._undo_number] = undo
        return [self._write_card(row) for row in group.cards]

    def _write_outbox(self, group: Group) -> None:
        self.outbox.add(group.outbox_added)
        ended = set(group.outbox_dropped)
        gone = {row.number for row in self.outbox.rows.values() if row.instance in ended}
        for number in gone.union(group.outbox_taken):
            self.outbox.rows.pop(number, None)

    def _write_settings(self, group: Group) -> None:
        for key in group.resources_dropped:
            self.resources.pop(key, None)
        for token in group.hooks_dropped:
            self.hooks.pop(token, None)
        ended = set(group.schedules_dropped)
        for place in [place for place in self.schedules if place[:2] in ended]:
            del self.schedules[place]
        self.resources.update(group.resources)
        self.hooks.update(group.hooks)
        self.schedules.update(group.schedules)

    def _write_card(self, row: CardRow) -> FeedCard:
        head = self.feeds.get(row.customer, FeedHead())
        seq = head.seq + 1
        self.feeds[row.customer] = FeedHead(seq=seq, pruned=head.pruned)
        if row.view is None:
            card = replace(self.cards.rows[row.card.id], card=row.card, version=row.version, seq=seq)
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
        self.cards.put(row.card.id, card)
        return card

    # ── upkeep ─────────────────────────────────────────────────────────────────────────────────────────
    def prune(self, now: int, keep: Retention) -> int:
        oldest_day = now // MS_PER_DAY - keep.dedupe_days
        days = [day for day in self.dedupe if day < oldest_day]
        answers = [row.key for row in self.answers.values() if row.expires_at <= now][:PRUNED_PER_CALL]
        journal = _head_before((entry.row.at for entry in self.journal), now - keep.journal_ms)
        timeline = _head_before((row.at for row in self.timeline), now - keep.timeline_ms)
        undos = _head_before((row.at for row in self.undos.values()), now - keep.undos_ms)
        for number in tuple(self.undos)[:undos]:
            del self.undos[number]
        for day in days:
            del self.dedupe[day]
        for key in answers:
            del self.answers[key]
        del self.journal[:journal], self.timeline[:timeline]
        return (
            len(days)
            + len(answers)
            + journal
            + timeline
            + undos
            + self._prune_cards(now - keep.tombstones_ms)
            + self._prune_instances(now - keep.instances_ms)
            + self._prune_jobs(now - keep.jobs_ms)
        )

    def _prune_cards(self, before: int) -> int:
        rows = self.cards.rows.values()
        old = [card for card in rows if (card.card.closed_at or before) < before][:PRUNED_PER_CALL]
        for card in old:
            head = self.feeds[card.customer]
            self.feeds[card.customer] = FeedHead(seq=head.seq, pruned=max(head.pruned, card.seq))
            self.cards.drop(card.card.id)
        return len(old)

    def _prune_instances(self, before: int) -> int:
        with_cards = {card.instance for card in self.cards.rows.values()}
        ended = [
            row.id
            for row in self.instances.rows.values()
            if not row.live and (row.ended_at or before) < before and row.id not in with_cards
        ]
        gone = set(ended[:PRUNED_PER_CALL])
        for id in gone:
            self.instances.drop(id)
        self.timeline = [row for row in self.timeline if row.instance not in gone]
        return len(gone)

    def _prune_jobs(self, before: int) -> int:
        ended = [row.id for row in self.jobs.rows.values() if (row.ended_at or before) < before]
        for id in ended[:PRUNED_PER_CALL]:
            self.jobs.drop(id)
        return len(ended[:PRUNED_PER_CALL])


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise StoreError(otherwise)


def _unique(values: Sequence[object]) -> bool:
    return len(set(values)) == len(values)


def _head_before(instants: Iterator[int], before: int) -> int:
    """How many of the first rows are older: rows are in order of commit, so only the head is looked at."""
    count = 0
    for at in instants:
        if at >= before or count == PRUNED_PER_CALL:
            break
        count += 1
    return count

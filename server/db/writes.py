"""One group into one transaction, kind by kind: rows of a kind are independent, and kinds stand in an order.

Runs on the writer's thread. Parameters are positions here, not names: rows go in by the hundred, and a
dictionary a row costs more than the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import astuple

from actors.ports import StoreError
from actors.records import (
    CardRow,
    DedupeRow,
    FeedCard,
    Group,
    HistoryRow,
    InstanceRow,
    TimelineRow,
    VersionRow,
)

from .connection import Database
from .customers import write_customers
from .jobs import write_jobs
from .sql import SQL, add_rows, json_text, read_rows, write_rows

_encode_card = msgspec.msgpack.Encoder().encode
_decode_stored = msgspec.json.Decoder(list[tuple[int, int | None, int, int]]).decode
_decode_counters = msgspec.json.Decoder(dict[str, int]).decode

NOTHING: Final = (None,) * 10
"""In place of columns that are not compared."""


def write_group(db: Database, group: Group, days: frozenset[int]) -> list[FeedCard]:
    """Write all rows; `days` have their dedupe tables already. Raises StoreError if a row cannot be."""
    write_dedupe(db, group.dedupe, days)
    add_rows(db, "journal_add", [astuple(row) for row in group.journal])
    add_rows(db, "answers_put", [astuple(row) for row in group.answers])
    write_instances(db, group)
    write_customers(db, list(group.customers.values()))
    cards = write_cards(db, group.cards)
    add_rows(db, "inbox_add", [astuple(row) for row in group.inbox_added])
    taken = add_rows(db, "inbox_take", [(number,) for number in group.inbox_taken])
    expect(taken == len(group.inbox_taken), "an inbox row was taken twice")
    add_rows(db, "flows_put", [astuple(row) for row in group.flows.values()])
    write_versions(db, group.versions)
    write_calls(db, group)
    add_rows(db, "ledgers_put", [astuple(row) for row in group.ledgers.values()])
    write_histories(db, list(group.histories.values()))
    write_jobs(db, list(group.jobs.values()))
    write_settings(db, group)
    add_rows(db, "undos_add", [astuple(row) for row in group.undos])
    return cards


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise StoreError(otherwise)


def write_dedupe(db: Database, rows: Sequence[DedupeRow], days: frozenset[int]) -> None:
    for day in sorted({row.day for row in rows}):
        if day not in days:
            db.execute(SQL["dedupe_create"].format(day=day))
        of_day = [(row.key, row.digest, row.code) for row in rows if row.day == day]
        write_rows(db, SQL["dedupe_add"].format(day=day), of_day)


def write_instances(db: Database, group: Group) -> None:
    """Instances with their snapshots and entries: found by their ids once, then known by numbers."""
    new = [row for row in group.instances.values() if row.new]
    old = [row for row in group.instances.values() if not row.new]
    numbers = _add(db, new)
    last: dict[str, int | None] = {}
    moved, settled = [], []
    for row, (number, newest, moves, settles) in zip(
        old, _stored(db, [_mutable(row) for row in old]), strict=True
    ):
        numbers[row.id] = number
        last[row.id] = newest
        if moves:
            moved.append((number, row.due, row.step, row.open_cards, row.subscriptions))
        if settles:
            settled.append((number, row.status, row.outcome, row.error, row.ended_at, row.live, row.version))
    only_told = list(dict.fromkeys(row.instance for row in group.timeline if row.instance not in numbers))
    for id, (number, newest, _, _) in zip(
        only_told, _stored(db, [(id, *NOTHING) for id in only_told]), strict=True
    ):
        numbers[id] = number
        last[id] = newest
    # What a turn leaves alone costs no page, nor do its indices.
    add_rows(db, "instances_move", moved)
    add_rows(db, "instances_settle", settled)
    write_timeline(db, group.timeline, numbers, last)
    snapshots = [(numbers[row.id], row.state, last.pop(row.id, None)) for row in group.instances.values()]
    add_rows(db, "snapshots_put", snapshots)
    add_rows(db, "snapshots_extend", [(numbers[id], entry) for id, entry in last.items()])


def _stored(db: Database, rows: Sequence[Sequence[object]]) -> list[tuple[int, int | None, int, int]]:
    """Of each: its number, its newest entry, and whether what it is given differs from what is stored."""
    found = [
        stored for (text,) in read_rows(db, SQL["instances_stored"], rows) for stored in _decode_stored(text)
    ]
    expect(len(found) == len(rows), "a change or an entry of an instance that is not there")
    return found


def _mutable(row: InstanceRow) -> tuple[object, ...]:
    return (
        row.id,
        row.due,
        row.step,
        row.open_cards,
        row.subscriptions,
        row.status,
        row.outcome,
        row.error,
        row.ended_at,
        row.live,
        row.version,
    )


def _add(db: Database, rows: Sequence[InstanceRow]) -> dict[str, int]:
    """Insert new instances; their numbers."""
    if not rows:
        return {}
    first = int(db.execute(SQL["instances_last"]).fetchone()[0]) + 1
    add_rows(db, "instances_add", [(number, *_columns(row)) for number, row in enumerate(rows, first)])
    return {row.id: number for number, row in enumerate(rows, first)}


def write_timeline(
    db: Database, rows: Sequence[TimelineRow], numbers: Mapping[str, int], last: dict[str, int | None]
) -> None:
    """Chain the entries to those before them; `last` has the number of each instance's newest one."""
    if not rows:
        return
    number = int(db.execute(SQL["timeline_last"]).fetchone()[0])
    chained = []
    for row in rows:
        number += 1
        chained.append((number, numbers[row.instance], last.get(row.instance), row.turn, row.at, row.entry))
        last[row.instance] = number
    add_rows(db, "timeline_add", chained)


def _columns(row: InstanceRow) -> tuple[object, ...]:
    return (
        row.id,
        row.flow,
        row.version,
        row.customer,
        row.key,
        row.invocation,
        row.test,
        row.started_at,
        row.status,
        row.outcome,
        row.error,
        row.step,
        row.ended_at,
        row.due,
        row.open_cards,
        row.live,
        row.subscriptions,
        row.parent,
    )


def write_versions(db: Database, rows: Sequence[VersionRow]) -> None:
    """The same version may come again (a draft that is tested twice), another under its number may not."""
    if add_rows(db, "versions_add", [astuple(row) for row in rows]) == len(rows):
        return
    for row in rows:
        stored = db.execute(SQL["version"], {"flow": row.flow, "number": row.number}).fetchone()
        expect(stored[2] == row.document, f"version {row.number} of {row.flow} cannot change")


def write_calls(db: Database, group: Group) -> None:
    """A call that is taken may be gone already: its instance may have ended meanwhile."""
    add_rows(db, "outbox_add", [astuple(row) for row in group.outbox_added])
    add_rows(db, "outbox_take", [(number,) for number in group.outbox_taken])
    add_rows(db, "outbox_drop", [(instance,) for instance in group.outbox_dropped])


def write_histories(db: Database, rows: Sequence[HistoryRow]) -> None:
    add_rows(db, "histories_put", [astuple(row) for row in rows])
    add_rows(db, "histories_move", [(row.customer, row.due) for row in rows])


def write_settings(db: Database, group: Group) -> None:
    """What authors and operators set. Dropped rows go first: what is put in their place stays."""
    add_rows(db, "resources_drop", group.resources_dropped)
    add_rows(db, "hooks_drop", [(token,) for token in group.hooks_dropped])
    add_rows(db, "schedules_drop", group.schedules_dropped)
    add_rows(db, "resources_put", [astuple(row) for row in group.resources.values()])
    add_rows(db, "hooks_put", [astuple(row) for row in group.hooks.values()])
    add_rows(db, "schedules_put", [astuple(row) for row in group.schedules.values()])


def write_cards(db: Database, rows: Sequence[CardRow]) -> list[FeedCard]:
    """Give the cards their numbers in order and write what each is at the end of the group."""
    if not rows:
        return []
    new = dict.fromkeys(row.card.id for row in rows if row.new)
    expect(len(new) == sum(row.new for row in rows), "a new card twice")
    old = dict.fromkeys(row.card.id for row in rows if row.card.id not in new)
    stored = {row[0]: row[1:] for row in read_rows(db, SQL["cards_stored"], [(id,) for id in old])}
    expect(len(stored) == len(old), "a change of a card that is not there")
    views = {id: (view_seq, view) for id, (_, view_seq, view) in stored.items()}
    committed = number_cards(rows, feed_counters(db, rows), views)
    last = {card.card.id: card for card in committed}
    first = int(db.execute(SQL["cards_last"]).fetchone()[0]) + 1
    numbers = {id: row[0] for id, row in stored.items()} | {id: n for n, id in enumerate(new, first)}
    add_rows(db, "cards_add", [(numbers[id], *_added(last[id])) for id in new])
    add_rows(db, "cards_put", [(numbers[id], *_changed(last[id]), last[id].version) for id in old])
    rendered = dict.fromkeys(row.card.id for row in rows if row.view is not None)
    add_rows(db, "views_put", [(numbers[id], last[id].view) for id in rendered])
    return committed


def feed_counters(db: Database, rows: Sequence[CardRow]) -> dict[str, int]:
    """The feed counter of each customer before these cards."""
    customers = [(id,) for id in {row.customer: None for row in rows}]
    counters: dict[str, int] = {}
    for (text,) in read_rows(db, SQL["feed_counters"], customers):
        counters |= _decode_counters(text)
    return counters


def number_cards(
    rows: Sequence[CardRow], seqs: dict[str, int], views: dict[str, tuple[int, bytes]]
) -> list[FeedCard]:
    cards = []
    for row in rows:
        seq = seqs[row.customer] = seqs[row.customer] + 1
        if row.view is not None:
            views[row.card.id] = (seq, row.view)
        expect(row.card.id in views, f"card {row.card.id} has no view")
        view_seq, view = views[row.card.id]
        cards.append(
            FeedCard(
                card=row.card,
                customer=row.customer,
                instance=row.instance,
                flow=row.flow,
                version=row.version,
                test=row.test,
                seq=seq,
                view_seq=view_seq,
                view=view,
            )
        )
    return cards


def _added(card: FeedCard) -> tuple[object, ...]:
    kept = card.card
    return (kept.id, card.customer, card.instance, card.flow, card.version, card.test, *_changed(card))


def _changed(card: FeedCard) -> tuple[object, ...]:
    kept = card.card
    return (
        kept.status.value,
        json_text(kept.streams),
        kept.closed_at,
        card.seq,
        card.view_seq,
        _encode_card(kept),
    )

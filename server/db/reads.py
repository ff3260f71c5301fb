"""What the runtime and the feeds read, each one hop on a reader's thread, decoded there into rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from actors.records import (
    AnswerRow,
    CustomerRow,
    DedupeRow,
    FeedCard,
    FeedHead,
    FlowRow,
    HistoryRow,
    HookRow,
    InboxRow,
    InstanceRow,
    JournalEntry,
    JournalRow,
    LedgerRow,
    OutboxRow,
    ResourceRow,
    Route,
    ScheduleRow,
    TimelineRow,
    VersionRow,
)
from rules.cards.card import Card

from .connection import Database
from .sql import SQL, json_text, read_rows

_decode_card = msgspec.msgpack.Decoder(Card).decode
_decode_texts = msgspec.json.Decoder(tuple[str, ...]).decode


def nothing(db: Database) -> None:
    """For those who wait until the lane has done what was queued."""


# ── recovery and prefetch ──────────────────────────────────────────────────────────────────────────────
def routes(db: Database, after: int, limit: int) -> tuple[int, list[Route]]:
    """A chunk of live instances, and the number to go on after."""
    rows = db.execute(SQL["routes"], {"after": after, "limit": limit}).fetchall()
    found = [
        Route(id, flow, version, customer, key, test == 1, status, open_cards, subscriptions)
        for _, id, flow, version, customer, key, test, status, open_cards, subscriptions in rows
    ]
    return rows[-1][0] if rows else after, found


def inbox(db: Database, after: int, limit: int) -> list[InboxRow]:
    return [
        InboxRow(*row) for row in db.execute(SQL["inbox_read"], {"after": after, "limit": limit}).fetchall()
    ]


def last_inbox_number(db: Database) -> int:
    return int(db.execute(SQL["inbox_last"]).fetchone()[0])


def outbox(db: Database, after: int, limit: int) -> list[OutboxRow]:
    rows = db.execute(SQL["outbox_read"], {"after": after, "limit": limit}).fetchall()
    return [OutboxRow(*row) for row in rows]


def last_outbox_number(db: Database) -> int:
    return int(db.execute(SQL["outbox_last"]).fetchone()[0])


def states(db: Database, ids: Sequence[str]) -> dict[str, bytes]:
    return dict(db.execute(SQL["states"], {"ids": json_text(ids)}).fetchall())


def seen(db: Database, keys: Sequence[bytes], days: Sequence[int]) -> dict[bytes, DedupeRow]:
    """`days` that have a table, rising: what a later day says of a key stands."""
    if not days:
        return {}
    arms = [SQL["dedupe_seen"].format(day=day) for day in days]
    text = SQL["dedupe_given"] + "\nunion all\n".join(arms)
    rows = [DedupeRow(*row) for row in read_rows(db, text, [(key,) for key in keys])]
    return {row.key: row for row in sorted(rows, key=lambda row: row.day)}


def answers(db: Database, keys: Sequence[bytes], now: int) -> dict[bytes, AnswerRow]:
    rows = read_rows(db, SQL["answers_read"], [(key, now) for key in keys])
    return {row[0]: AnswerRow(*row) for row in rows}


def profiles(db: Database, ids: Sequence[str]) -> dict[str, CustomerRow]:
    return {row[0]: customer(row) for row in db.execute(SQL["profiles"], {"ids": json_text(ids)}).fetchall()}


def ledgers(db: Database, keys: Sequence[tuple[str, str, bool]]) -> dict[tuple[str, str, bool], LedgerRow]:
    rows = read_rows(db, SQL["ledgers_read"], keys)
    found = [LedgerRow(customer, flow, test == 1, ledger) for customer, flow, test, ledger in rows]
    return {(row.customer, row.flow, row.test): row for row in found}


def histories(db: Database, ids: Sequence[str]) -> dict[str, HistoryRow]:
    rows = db.execute(SQL["histories_of"], {"ids": json_text(ids)}).fetchall()
    return {row[0]: HistoryRow(*row) for row in rows}


def due(db: Database, before: int, limit: int) -> list[tuple[int, str]]:
    return db.execute(SQL["due"], {"before": before, "limit": limit}).fetchall()


def checks_due(db: Database, before: int, limit: int) -> list[tuple[int, str]]:
    return db.execute(SQL["checks_due"], {"before": before, "limit": limit}).fetchall()


def live_below(db: Database, flow: str, version: int, limit: int) -> list[str]:
    given = {"flow": flow, "version": version, "limit": limit}
    return [id for (id,) in db.execute(SQL["live_below"], given).fetchall()]


# ── definitions ────────────────────────────────────────────────────────────────────────────────────────
def flows(db: Database) -> list[FlowRow]:
    return [_flow(row) for row in db.execute(SQL["flows"]).fetchall()]


def flow(db: Database, key: str) -> FlowRow | None:
    row = db.execute(SQL["flow"], {"key": key}).fetchone()
    return None if row is None else _flow(row)


def _flow(row: Any) -> FlowRow:
    columns = dict(zip(FlowRow.__struct_fields__, row, strict=True))
    return FlowRow(**{**columns, "paused": row[8] == 1, "archived": row[9] == 1})


def version(db: Database, flow: str, number: int) -> VersionRow | None:
    row = db.execute(SQL["version"], {"flow": flow, "number": number}).fetchone()
    return None if row is None else VersionRow(*row)


def versions(db: Database, flow: str) -> list[VersionRow]:
    return [VersionRow(*row) for row in db.execute(SQL["versions"], {"flow": flow}).fetchall()]


def resources(db: Database) -> list[ResourceRow]:
    return [ResourceRow(*row) for row in db.execute(SQL["resources"]).fetchall()]


def hooks(db: Database) -> list[HookRow]:
    rows = [HookRow(*row) for row in db.execute(SQL["hooks"]).fetchall()]
    return [replace(row, paused=row.paused == 1) for row in rows]


def schedules(db: Database) -> list[ScheduleRow]:
    return [ScheduleRow(*row) for row in db.execute(SQL["schedules"]).fetchall()]


# ── feeds ──────────────────────────────────────────────────────────────────────────────────────────────
def feed_head(db: Database, customer: str) -> FeedHead:
    return FeedHead(*db.execute(SQL["feed_head"], {"customer": customer}).fetchone())


def feed(db: Database, customer: str, since: int, limit: int) -> tuple[FeedHead, list[FeedCard]]:
    db.execute("begin")  # head and cards from the same commit
    try:
        head = feed_head(db, customer)
        given = {"customer": customer, "since": since, "limit": limit}
        return head, [card(row) for row in db.execute(SQL["feed_since"], given).fetchall()]
    finally:
        db.execute("rollback")


def feed_open(db: Database, customer: str) -> tuple[FeedHead, list[FeedCard]]:
    db.execute("begin")
    try:
        head = feed_head(db, customer)
        return head, [card(row) for row in db.execute(SQL["feed_open"], {"customer": customer}).fetchall()]
    finally:
        db.execute("rollback")


def cards_by_id(db: Database, ids: Sequence[str]) -> dict[str, FeedCard]:
    rows = db.execute(SQL["cards_of"], {"ids": json_text(ids)}).fetchall()
    return {found.card.id: found for found in map(card, rows)}


# ── one instance, and the journal ──────────────────────────────────────────────────────────────────────
def instance(db: Database, id: str) -> InstanceRow | None:
    row = db.execute(SQL["instance"], {"id": id}).fetchone()
    if row is None:
        return None
    *columns, state, step, parent = row
    return instance_row(columns, state=state, step=step, parent=parent)


def last_instance_number(db: Database) -> int:
    return int(db.execute(SQL["instances_last"]).fetchone()[0])


def last_card_number(db: Database) -> int:
    return int(db.execute(SQL["cards_last"]).fetchone()[0])


def timeline(db: Database, instance: str, after: int, limit: int) -> list[TimelineRow]:
    given = {"instance": instance, "after": after, "limit": limit}
    return [TimelineRow(instance, *row) for row in db.execute(SQL["timeline_read"], given).fetchall()]


def journal(db: Database, after: int, limit: int) -> list[JournalEntry]:
    rows = db.execute(SQL["journal_read"], {"after": after, "limit": limit}).fetchall()
    return [JournalEntry(number=number, row=JournalRow(*row)) for number, *row in rows]


def instance_counts(db: Database, flow: str) -> dict[tuple[int, str], int]:
    rows = db.execute(SQL["instance_counts"], {"flow": flow}).fetchall()
    return {(version, status): instances for version, status, instances in rows}


# ── rows from columns ──────────────────────────────────────────────────────────────────────────────────
def card(row: Any) -> FeedCard:
    blob, customer, instance, flow, version, test, seq, view_seq, view = row
    return FeedCard(_decode_card(blob), customer, instance, flow, version, test == 1, seq, view_seq, view)


def customer(row: Any) -> CustomerRow:
    id, profile, test, tags, created_at, updated_at, search, segments, zone = row
    return CustomerRow(
        id=id,
        profile=profile,
        test=test == 1,
        tags=_decode_texts(tags),
        created_at=created_at,
        updated_at=updated_at,
        search=search,
        segments=_decode_texts(segments),
        timezone=zone or None,
    )


def instance_row(
    columns: Sequence[Any], *, state: bytes, step: str | None, parent: str | None
) -> InstanceRow:
    """`columns` are those of the row up to `subscriptions`, in its order."""
    named = dict(zip(InstanceRow.__struct_fields__, columns, strict=False))
    flags = {name: named[name] == 1 for name in ("test", "live")}
    return InstanceRow(**{**named, **flags}, state=state, step=step, parent=parent)

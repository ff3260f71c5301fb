"""Rows to commit, with every field that a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from actors.ports import MS_PER_DAY, Store
from actors.records import (
    CardRow,
    CustomerRow,
    DedupeRow,
    FeedCard,
    FlowRow,
    Group,
    HistoryRow,
    HookRow,
    InboxRow,
    InstanceRow,
    JobRow,
    JournalRow,
    LedgerRow,
    OutboxRow,
    ResourceRow,
    ScheduleRow,
    TimelineRow,
    UndoRow,
    VersionRow,
)
from rules.cards.card import Card, CardStatus

DAY = 20_000
AT = DAY * MS_PER_DAY + 1_000


def instance(id: str = "i-1", **fields: Any) -> InstanceRow:
    row = InstanceRow(
        id=id,
        flow="welcome",
        version=1,
        customer="c-1",
        key=None,
        invocation="v-1",
        test=False,
        status="running",
        outcome=None,
        error=None,
        started_at=AT,
        ended_at=None,
        due=None,
        open_cards=0,
        live=True,
        subscriptions=b"\x90",
        state=b"state",
        new=True,
    )
    return replace(row, **fields)


def ended(row: InstanceRow, *, at: int = AT) -> InstanceRow:
    return replace(
        row, new=False, status="completed", outcome="done", ended_at=at, live=False, due=None, state=b"end"
    )


def card(id: str = "k-1", *, status: CardStatus = CardStatus.ACTIVE, **fields: Any) -> CardRow:
    inner = {name: fields.pop(name) for name in ("closed_at", "streams", "values", "form") if name in fields}
    kept = Card(id=id, step="ask", template="offer", status=status, created_at=AT, **inner)
    row = CardRow(
        card=kept,
        customer="c-1",
        instance="i-1",
        flow="welcome",
        version=1,
        test=False,
        view=b"view",
        new=True,
    )
    return replace(row, **fields)


def changed(row: CardRow, status: CardStatus, *, view: bytes | None = None, **inner: Any) -> CardRow:
    return replace(row, card=replace(row.card, status=status, **inner), view=view, new=False)


def journal(id: str = "e-1", *, at: int = AT) -> JournalRow:
    return JournalRow(
        id=id, at=at, kind="event", source="api", customer="c-1", name="paid", payload=id.encode()
    )


def dedupe(key: str = "a", *, day: int = DAY, digest: str = "d", code: str | None = None) -> DedupeRow:
    return DedupeRow(day=day, key=key.encode().ljust(16), digest=digest.encode().ljust(16), code=code)


def timeline(turn: int, *, instance: str = "i-1", at: int = AT) -> TimelineRow:
    return TimelineRow(instance=instance, turn=turn, at=at, entry=f"turn {turn}".encode())


def customer(id: str = "c-1", **fields: Any) -> CustomerRow:
    row = CustomerRow(id=id, profile=b"profile", test=False, tags=(), created_at=AT, updated_at=AT)
    return replace(row, **fields)


def inbox(number: int, *, instance: str = "i-1") -> InboxRow:
    return InboxRow(number=number, instance=instance, customer="c-1", at=AT, input=f"input {number}".encode())


def call(number: int, *, instance: str = "i-1") -> OutboxRow:
    return OutboxRow(
        number=number,
        instance=instance,
        customer="c-1",
        at=AT,
        kind="request",
        key=f"key-{number}",
        payload=b"\x91\x01",
    )


def ledger(customer: str = "c-1", *, flow: str = "welcome", test: bool = False, n: int = 1) -> LedgerRow:
    return LedgerRow(customer=customer, flow=flow, test=test, ledger=bytes([n]))


def history(customer: str = "c-1", *, due: int | None = None, n: int = 1) -> HistoryRow:
    return HistoryRow(customer=customer, due=due, history=bytes([n]))


def job(id: str = "j-1", **fields: Any) -> JobRow:
    row = JobRow(
        id=id,
        kind="start",
        name="welcome",
        state="waiting",
        spec=b"\x91\x02",
        cursor=b"",
        done=0,
        total=None,
        failed=0,
        by="key",
        created_at=AT,
        updated_at=AT,
        ended_at=None,
        unique=None,
    )
    return replace(row, **fields)


def undo(instance: str = "i-1", *, job: str = "j-1", at: int = AT) -> UndoRow:
    return UndoRow(job=job, instance=instance, turn=3, at=at, state=b"\x91\x03")


def resource(id: str = "vip", *, kind: str = "segment", document: bytes = b"{}", n: int = 1) -> ResourceRow:
    return ResourceRow(kind=kind, id=id, document=document, revision=n, created_at=AT, updated_at=AT + n)


def hook(token: str = "t-1", **fields: Any) -> HookRow:
    row = HookRow(
        token=token,
        flow="welcome",
        trigger="called",
        paused=False,
        created_at=AT,
        sampling_until=None,
        sample=None,
        sampled_at=None,
    )
    return replace(row, **fields)


def schedule(zone: str = "UTC", *, trigger: str = "daily", at: int = AT) -> ScheduleRow:
    return ScheduleRow(flow="welcome", trigger=trigger, zone=zone, last_at=at)


def flow(key: str = "welcome", **fields: Any) -> FlowRow:
    row = FlowRow(
        key=key,
        name="Welcome",
        description="",
        folder="",
        draft="steps: {}",
        draft_type="yaml",
        revision=1,
        published=None,
        paused=False,
        archived=False,
        created_at=AT,
        updated_at=AT,
    )
    return replace(row, **fields)


def version(number: int, *, flow: str = "welcome", document: str = "steps: {}") -> VersionRow:
    return VersionRow(
        flow=flow,
        number=number,
        document=document,
        document_type="yaml",
        note=f"number {number}",
        published_at=AT,
        published_by="key",
    )


def started(*rows: InstanceRow) -> Group:
    return Group(instances={row.id: row for row in rows})


async def shown(store: Store, customer: str = "c-1") -> list[tuple[str, int]]:
    """Ids and `seq` of the open feed."""
    _, cards = await store.feed_open(customer)
    return [(card.card.id, card.seq) for card in cards]


def seqs(cards: object) -> list[int]:
    assert isinstance(cards, (list, tuple))
    return [card.seq for card in cards if isinstance(card, FeedCard)]

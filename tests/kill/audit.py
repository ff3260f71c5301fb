"""Holds a stopped server's store against what its clients know: every difference is a sentence.

Reads through the store's own reads; what the flows of `flows/` count shows that an input was applied.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import msgspec

from actors.ports import CardFilter, InstanceFilter, JobFilter
from actors.records import FeedCard, InstanceRow, TimelineRow
from actors.timeline import TimelineEntry
from rules.inputs import EventArrived, Migrated, TimeCame
from rules.instance import State
from server.db.store import SqliteStore

from .book import Book, Sent
from .publisher import names_in

PAGE = 500
CLOSES = {"submit": "completed", "dismiss": "dismissed"}
OUTCOMES = {"completed": "taken", "dismissed": "refused", "cancelled": "late"}

_state = msgspec.msgpack.Decoder(State).decode
_entry = msgspec.msgpack.Decoder(TimelineEntry).decode


async def audit(folder: Path, book: Book) -> list[str]:
    """What is wrong in this data folder, besides what clients have complained of already."""
    store = SqliteStore(folder, now=lambda: 0)
    await store.open()
    try:
        found = [*book.violations]
        found += await audit_journal(store, book)
        found += [text async for text in audit_ledgers(store, book)]
        found += [text async for text in audit_alarms(store, book)]
        found += [text async for text in audit_offers(store, book)]
        found += [text async for text in audit_feeds(store, book)]
        found += [text async for text in audit_versions(store, book)]
        if await store.inbox(after=0, limit=1):
            found.append("the inbox is not empty")
    finally:
        await store.close()
    return found


async def audit_journal(store: SqliteStore, book: Book) -> list[str]:
    """Every acknowledged event is in the journal once, and no event is there that nobody has sent."""
    ids: Counter[str] = Counter()
    after = 0
    while entries := await store.journal(after=after, limit=PAGE):
        after = entries[-1].number
        ids.update(entry.row.id for entry in entries if entry.row.kind == "event")
    sent = {id for id in ids if not id.startswith("open-")}
    known = book.accepted.keys()
    return [
        *(f"event {id} was acknowledged and is not in the journal" for id in known - sent),
        *(f"event {id} is in the journal {count} times" for id, count in ids.items() if count > 1),
    ]


async def audit_ledgers(store: SqliteStore, book: Book) -> AsyncIterator[str]:
    """Each ledger has counted each of its customer's events once, in the order in which they were sent."""
    said: dict[str, list[Sent]] = defaultdict(list)
    for sent in book.of("gossip"):
        assert sent.room is not None
        said[sent.room].append(sent)
    mine: dict[str, list[Sent]] = defaultdict(list)
    rings: dict[str, list[Sent]] = defaultdict(list)
    for sent in book.accepted.values():
        if sent.customer is not None:
            (mine if sent.name == "tick" else rings)[sent.customer].append(sent)
    for customer, room in book.rooms.items():
        rows = await instances(store, InstanceFilter(flow="ledger", customer=customer, limit=PAGE))
        if len(rows) != 1:
            yield f"{customer} was acknowledged one ledger and has {len(rows)}"
            continue
        (row,) = rows
        ledger = await state_of(store, row)
        alarms = [sent for sent in rings[customer] if sent.name == "alarm.set"]
        for name, events in (("", mine[customer]), ("rang_", alarms), ("heard_", said[room])):
            counted = ledger.variables["count" if not name else name[:-1]], ledger.variables[f"{name}sum"]
            wanted = len(events), sum(sent.n for sent in events)
            if counted != wanted:
                yield f"{customer}: {name}count, {name}sum are {counted} and should be {wanted}"
        if ledger.variables["disorder"]:
            yield f"{customer}: {ledger.variables['disorder']} events were taken out of order"
        async for text in audit_timeline(store, row, ledger):
            yield text


async def audit_timeline(store: SqliteStore, row: InstanceRow, state: State) -> AsyncIterator[str]:
    """One entry a turn, without a gap; no event in two of them; time never goes back."""
    entries = await timeline(store, row.id)
    turns = [entry.turn for entry in entries]
    if turns != list(range(turns[0], turns[0] + len(turns))) or turns[-1] != state.turn:
        yield f"{row.id}: turns {turns[:3]} … {turns[-3:]} of {state.turn}"
    if any(later.at < earlier.at for earlier, later in itertools.pairwise(entries)):
        yield f"{row.id}: time went back"
    inputs = [_entry(entry.entry).input for entry in entries]
    ids = Counter(input.event.id for input in inputs if isinstance(input, EventArrived))
    for id, count in ids.items():
        if count > 1:
            yield f"{row.id}: event {id} was taken {count} times"


async def audit_alarms(store: SqliteStore, book: Book) -> AsyncIterator[str]:
    """One instance for each alarm, which rang once, and not before its time."""
    by_n = {sent.n: sent for sent in book.of("alarm.set")}
    seen: set[int] = set()
    for row in await instances(store, InstanceFilter(flow="alarm", limit=PAGE)):
        state = await state_of(store, row)
        n = state.variables["n"]
        assert isinstance(n, int)
        sent = by_n.get(n)
        if sent is None or n in seen:
            yield f"alarm {n} was {'set twice' if n in seen else 'never acknowledged'}"
            continue
        seen.add(n)
        if row.outcome != "rang":
            yield f"alarm {n} is {row.status}, {row.outcome}"
        entries = await timeline(store, row.id)
        rings = [entry.at for entry in entries if isinstance(_entry(entry.entry).input, TimeCame)]
        if len(rings) != 1:
            yield f"alarm {n} rang {len(rings)} times"
        elif rings[0] < row.started_at + sent.after_ms:
            yield f"alarm {n} rang {row.started_at + sent.after_ms - rings[0]} ms early"
    for n in by_n.keys() - seen:
        yield f"alarm {n} was acknowledged and is not there"


async def audit_offers(store: SqliteStore, book: Book) -> AsyncIterator[str]:
    """One instance and one card for each offer; whoever was told that an answer was taken finds it taken."""
    wanted: Counter[object] = Counter(sent.n for sent in book.of("offer.made"))
    rows = await instances(store, InstanceFilter(flow="offer", limit=PAGE))
    states = [await state_of(store, row) for row in rows]
    found = Counter(state.variables["n"] for state in states)
    for n in (wanted - found) | (found - wanted):
        yield f"offer {n} was acknowledged {wanted[n]} times and is there {found[n]} times"
    cards = {card.card.id: card for card in await all_cards(store, CardFilter(flow="offer", limit=PAGE))}
    outcomes = {row.id: row.outcome for row in rows}
    per_instance = Counter(card.instance for card in cards.values())
    for id, count in per_instance.items():
        if count != 1:
            yield f"instance {id} has {count} cards"
    for card in cards.values():
        if OUTCOMES.get(card.card.status.value) != outcomes.get(card.instance):
            yield f"card {card.card.id} is {card.card.status}, its instance {outcomes.get(card.instance)}"
    for answered in book.answered:
        status = cards[answered.card].card.status.value if answered.card in cards else "gone"
        if status != CLOSES[answered.action]:
            yield f"{answered.action} of {answered.card} was taken, and it is {status}"


async def audit_feeds(store: SqliteStore, book: Book) -> AsyncIterator[str]:
    """Clients hold what the store holds; nothing was ever shown that is not stored; counters have no gap."""
    for customer, shown in book.pushed.items():
        cards = {c.card.id: c.seq for c in await all_cards(store, CardFilter(customer=customer, limit=PAGE))}
        for id, seq in shown.items():
            if cards.get(id, 0) < seq:
                yield f"{customer} was shown card {id} at {seq}; the store has it at {cards.get(id)}"
        head = await store.feed_head(customer)
        if cards and max(cards.values()) != head.seq:
            yield f"{customer}'s counter is {head.seq}, their last card's {max(cards.values())}"
    for customer, view in book.views:
        _, rows = await store.feed_open(customer)
        held = {row.card.id: (row.seq, row.card.status.value) for row in rows}
        if held != view:
            yield f"{customer} holds {differences(view, held)}"


async def audit_versions(store: SqliteStore, book: Book) -> AsyncIterator[str]:
    """What runs is whole in the version that was published last, and came there without a gap."""
    jobs, _ = await store.jobs(JobFilter(kind="migrate", limit=PAGE))
    for job in jobs:
        if job.state not in ("done", "stopped") or job.failed:
            yield f"migration {job.id} of {job.name} is {job.state}, {job.failed} stayed"
    for flow, version in book.published.items():
        for row in await instances(store, InstanceFilter(flow=flow, limit=PAGE)):
            state = await state_of(store, row)
            if state.version != row.version:
                yield f"{row.id} is of version {state.version}, its row says {row.version}"
            if row.status == "running" and row.version != version:
                yield f"{row.id} of {flow} runs on version {row.version}, not {version}"
            strange = names_in(flow, row.version + 1).intersection(token.step for token in state.tokens)
            if strange:
                yield f"{row.id} of version {row.version} stands at {strange}"
            inputs = [_entry(entry.entry).input for entry in await timeline(store, row.id)]
            moves = [(move.before, move.version) for move in inputs if isinstance(move, Migrated)]
            if any(after != before for (_, after), (before, _) in itertools.pairwise(moves)):
                yield f"{row.id} moved {moves}"


def differences(view: dict[str, tuple[int, str]], held: dict[str, tuple[int, str]]) -> str:
    wrong = {id: (view.get(id), held.get(id)) for id in view.keys() | held.keys()}
    return str({id: pair for id, pair in wrong.items() if pair[0] != pair[1]})


async def instances(store: SqliteStore, filter: InstanceFilter) -> list[InstanceRow]:
    rows: list[InstanceRow] = []
    while True:
        page, cursor = await store.instances(filter)
        rows += page
        if cursor is None:
            return rows
        filter = InstanceFilter(flow=filter.flow, customer=filter.customer, cursor=cursor, limit=PAGE)


async def all_cards(store: SqliteStore, filter: CardFilter) -> list[FeedCard]:
    rows: list[FeedCard] = []
    while True:
        page, cursor = await store.cards(filter)
        rows += page
        if cursor is None:
            return rows
        filter = CardFilter(flow=filter.flow, customer=filter.customer, cursor=cursor, limit=PAGE)


async def state_of(store: SqliteStore, row: InstanceRow) -> State:
    return _state((await store.states([row.id]))[row.id])


async def timeline(store: SqliteStore, id: str) -> list[TimelineRow]:
    """Oldest first."""
    rows: list[TimelineRow] = []
    after = 0
    while page := await store.timeline(id, after=after, limit=PAGE):
        rows += page
        after = max(row.turn for row in page)
    return sorted(rows, key=lambda row: row.turn)


def as_text(violations: Iterable[str], *, shown: int = 20) -> str:
    lines = list(violations)
    return "\n".join([f"{len(lines)} violations", *lines[:shown]])

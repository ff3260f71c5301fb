"""The store by itself: writer CPU of an event, a start, a card in groups of 64, and the reads of recovery.

The baseline is the skeleton's commit: one event row and one state row, on the same SQLite, in the same run.
`python bench/store.py [instances] [route rows]`; T1, T5 and T6 say why these figures matter.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from msgspec.structs import replace  # noqa: E402

from actors.dedupe import event_key  # noqa: E402
from actors.records import (  # noqa: E402
    CardRow,
    CustomerRow,
    DedupeRow,
    Group,
    InstanceRow,
    JournalRow,
    TimelineRow,
)
from rules.cards.card import Card, CardStatus  # noqa: E402
from rules.ids import make_id  # noqa: E402
from rules.inputs import Event  # noqa: E402
from server.db.connection import Database  # noqa: E402
from server.db.store import SqliteStore  # noqa: E402

GROUP = 64
GROUPS = 400
ROUNDS = 3
AT = 1_800_000_000_000
DAY = AT // 86_400_000
STATE = os.urandom(260)
PAYLOAD = os.urandom(120)
ENTRY = os.urandom(160)
VIEW = os.urandom(900)


def instance(number: int, *, new: bool) -> InstanceRow:
    return InstanceRow(
        id=make_id(AT + number // 10, "i", number),
        flow="welcome",
        version=1,
        customer=f"customer-{number}",
        key=None,
        invocation=make_id(AT, "v", number // 500),
        test=False,
        status="running",
        outcome=None,
        error=None,
        started_at=AT,
        ended_at=None,
        due=AT + 86_400_000 + number,
        open_cards=0,
        live=True,
        subscriptions=b"\x94\x91\xaashop.paid\x90\x90\xc2",
        state=STATE,
        new=new,
        step="wait",
    )


def events(rows: list[InstanceRow], turn: int) -> Group:
    """One event a customer: it wakes a wait, sets a variable and renders nothing."""
    chosen = random.sample(rows, GROUP)
    return Group(
        journal=[
            JournalRow(make_id(AT, f"e{turn}", n), AT, "event", "key-1", row.customer, "shop.paid", PAYLOAD)
            for n, row in enumerate(chosen)
        ],
        dedupe=[DedupeRow(DAY, key(turn * GROUP + n, row), os.urandom(16)) for n, row in enumerate(chosen)],
        instances={row.id: replace(row, state=turn.to_bytes(4) + STATE) for row in chosen},
        timeline=[TimelineRow(row.id, turn, AT, ENTRY) for row in chosen],
    )


def key(number: int, row: InstanceRow) -> bytes:
    """Of an id as a backend that counts gives it, and as T1 sends it."""
    event = Event(id=f"r-0-{number}", name="shop.paid", time=AT, customer=row.customer)
    return event_key(event, "key-1")


def cards(turn: int) -> Group:
    return Group(
        cards=[
            CardRow(
                Card(make_id(AT, f"c{turn}", n), "ask", "offer", CardStatus.ACTIVE, AT, streams=("home",)),
                f"customer-{random.randrange(10_000)}",
                make_id(AT, "i", n),
                "welcome",
                1,
                False,
                VIEW,
                True,
            )
            for n in range(GROUP)
        ]
    )


def starts(first: int) -> Group:
    new = [instance(number, new=True) for number in range(first, first + GROUP)]
    return Group(instances={row.id: row for row in new})


def customers(first: int) -> Group:
    names = [f"customer-{number}" for number in range(first, first + GROUP)]
    return Group(customers={id: CustomerRow(id, PAYLOAD, False, ("vip",), AT, AT) for id in names})


@asynccontextmanager
async def store() -> AsyncIterator[SqliteStore]:
    folder = Path(tempfile.mkdtemp(prefix="flowdeck-bench-", dir=os.environ.get("FLOWDECK_BENCH_DIR")))
    made = SqliteStore(folder, now=lambda: AT)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
        shutil.rmtree(folder)


def lane_cpu(db: Database) -> float:
    return time.thread_time()


async def timed(made: SqliteStore, title: str, groups: list[Group]) -> float:
    """Commit the groups one after the other; writer CPU in µs for each of their events."""
    writer = made._writer  # noqa: SLF001 – its thread's clock is what is measured
    assert writer is not None
    cpu, wall, worst = await writer.run(lane_cpu), time.perf_counter(), 0.0
    for group in groups:
        began = time.perf_counter()
        await made.apply(group)
        worst = max(worst, time.perf_counter() - began)
    wall = time.perf_counter() - wall
    cpu = await writer.run(lane_cpu) - cpu
    count = len(groups) * GROUP
    log_bytes = made.path.with_name(made.path.name + "-wal").stat().st_size
    print(
        f"  {title:<22} {cpu / count * 1e6:7.1f} µs CPU  {wall / count * 1e6:7.1f} µs wall an event"
        f"  worst group {worst * 1e3:6.1f} ms  log {log_bytes / 2**20:5.1f} MiB",
        flush=True,
    )
    return cpu / count * 1e6


def skeleton_commits() -> float:
    folder = Path(tempfile.mkdtemp(prefix="flowdeck-bench-", dir=os.environ.get("FLOWDECK_BENCH_DIR")))
    db = sqlite3.connect(folder / "s.db", isolation_level=None)
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=full")
    db.execute("pragma wal_autocheckpoint=4000")
    db.execute("create table event (number integer primary key, id text unique, customer text, body blob)")
    db.execute("create table actor (customer text primary key, state blob, due real) without rowid")
    cpu, wall = time.thread_time(), time.perf_counter()
    for turn in range(GROUPS):
        chosen = [random.randrange(10_000) for _ in range(GROUP)]
        db.execute("begin immediate")
        db.executemany(
            "insert or ignore into event (id, customer, body) values (?, ?, ?)",
            [(make_id(AT, f"e{turn}", n), f"customer-{c}", PAYLOAD) for n, c in enumerate(chosen)],
        )
        db.executemany(
            "insert into actor values (?, ?, ?) on conflict do update set state = excluded.state",
            [(f"customer-{c}", STATE, None) for c in chosen],
        )
        db.execute("commit")
    cpu, wall = time.thread_time() - cpu, time.perf_counter() - wall
    db.close()
    shutil.rmtree(folder)
    count = GROUPS * GROUP
    print(f"  {'skeleton':<22} {cpu / count * 1e6:7.1f} µs CPU  {wall / count * 1e6:7.1f} µs wall an event")
    return cpu / count * 1e6


async def start_instances(made: SqliteStore, count: int) -> list[InstanceRow]:
    rows = [instance(number, new=True) for number in range(count)]
    for first in range(0, count, 2_000):
        await made.apply(Group(instances={row.id: row for row in rows[first : first + 2_000]}))
    return [instance(number, new=False) for number in range(count)]


async def writes(instances_count: int) -> None:
    async with store() as made:
        rows = await start_instances(made, instances_count)
        print(f"commits in groups of {GROUP}, {instances_count:,} instances")
        kinds: dict[str, Callable[[int], Group]] = {
            "events": lambda turn: events(rows, turn),
            "starts": lambda turn: starts(instances_count + turn * GROUP),
            "cards": cards,
            "customers": lambda turn: customers(turn * GROUP),
        }
        ratios: dict[str, list[float]] = {title: [] for title in kinds}
        for round in range(ROUNDS):
            skeleton = skeleton_commits()
            turns = range(round * GROUPS, (round + 1) * GROUPS)
            for title, make in kinds.items():
                ratios[title].append(await timed(made, title, [make(turn) for turn in turns]) / skeleton)
        for title, values in ratios.items():
            print(f"  {title:<22} {median(values):7.2f} × the skeleton's commit")


async def reads(count: int) -> None:
    async with store() as made:
        print(f"recovery of {count:,} instances")
        began = time.perf_counter()
        rows = await start_instances(made, count)
        print(f"  started in {time.perf_counter() - began:.1f} s")
        keys = [os.urandom(16) for _ in range(GROUP)]

        async def routes() -> int:
            return sum([len(chunk) async for chunk in made.routes()])

        async def due() -> int:
            return len(await made.due(before=AT + 2 * 86_400_000, limit=5_000))

        async def states() -> int:
            return len(await made.states([row.id for row in random.sample(rows, 500)]))

        async def seen() -> int:
            return len(await made.seen(keys))

        week = [DedupeRow(DAY - n, os.urandom(16), b"") for n in range(7) for _ in range(9_000)]
        await made.apply(Group(dedupe=week))
        reading: dict[str, Callable[[], Awaitable[int]]] = {
            "routes": routes,
            "due, 5,000": due,
            "states of 500": states,
            "seen, 64 keys, 7 days": seen,
        }
        for title, read in reading.items():
            times = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                await read()
                times.append(time.perf_counter() - began)
            print(f"  {title:<22} {sorted(times)[1] * 1e3:9.2f} ms")


def main() -> None:
    random.seed(1)
    arguments = [int(text.replace("_", "")) for text in sys.argv[1:]]
    asyncio.run(writes(arguments[0] if arguments else 10_000))
    if len(arguments) != 1:
        asyncio.run(reads(arguments[1] if arguments else 1_000_000))


if __name__ == "__main__":
    main()

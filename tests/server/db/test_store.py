"""What SQLite adds to the contract: a log that stays short, pages that end early, files it cannot use."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from actors.ports import MS_PER_DAY, CardFilter, InstanceFilter, Retention, StoreError
from actors.records import Group
from server.db import customers, lists, walks
from server.db.connection import DATABASE, Cursor, Database, open_file
from server.db.sql import SQL
from server.db.store import SqliteStore, StoreLimits
from tests.contract.rows import AT, DAY, card, customer, dedupe, instance, journal, started, timeline
from tests.server.db.stores import names, opened

BLOB_BYTES = 4_000


async def test_log_stays_short_however_much_is_committed(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=StoreLimits(checkpoint_pages=50)) as store:
        for turn in range(200):
            row = instance(f"i-{turn % 10}", new=turn < 10, state=str(turn).encode().ljust(BLOB_BYTES))
            await store.apply(started(row))
        log_bytes = store.path.with_name(f"{DATABASE}-wal").stat().st_size
    assert log_bytes < 300 * 4_096  # what made the tables, and a few folds' worth of 800 pages


@dataclass(slots=True)
class Heard:
    """A connection that notes what it is told."""

    db: Database
    statements: list[str]

    @property
    def in_transaction(self) -> bool:
        return self.db.in_transaction

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        self.statements.append(sql)
        return self.db.execute(sql, parameters)

    def close(self) -> None:
        self.db.close()


async def test_event_is_committed_with_statements_of_what_it_changes_alone(tmp_path: Path) -> None:
    statements: list[str] = []

    def heard(path: Path, *, read_only: bool) -> Database:
        return Heard(open_file(path, read_only=read_only), statements)

    store = SqliteStore(tmp_path, now=lambda: AT, open=heard)
    await store.open()
    await store.apply(Group(dedupe=[dedupe("a")], instances={"i-1": instance()}))
    statements.clear()
    await store.apply(
        Group(
            journal=[journal()],
            dedupe=[dedupe("b")],
            instances={"i-1": instance(new=False, state=b"more")},
            timeline=[timeline(1)],
        )
    )
    await store.close()
    rows = ["journal_add", "instances_stored", "timeline_last", "timeline_add", "snapshots_put"]
    dedupe_add = SQL["dedupe_add"].format(day=DAY)
    assert statements == ["begin immediate", dedupe_add, *(SQL[name] for name in rows), "commit"]


async def test_log_is_gone_after_the_store_was_closed(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.apply(started(instance()))
    assert names(tmp_path) == [DATABASE]


@pytest.mark.parametrize("readers", [1, 3])
async def test_any_number_of_readers_sees_each_commit(tmp_path: Path, readers: int) -> None:
    async with opened(tmp_path, limits=StoreLimits(readers=readers)) as store:
        for number in range(3 * readers):
            await store.apply(started(instance(f"i-{number}")))
            assert await store.instance(f"i-{number}") is not None


async def test_page_that_looked_at_enough_ends_early_and_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.apply(started(*[instance(f"i-{number}", test=number == 2) for number in range(10)]))
        db = open_file(store.path, read_only=True)
        found, cursor, pages = [], None, 0
        while pages == 0 or cursor is not None:
            filter = InstanceFilter(test=True, cursor=cursor)
            rows, cursor = lists.instances(db, filter, looked_at_max=4)
            found += [row.id for row in rows]
            pages += 1
        db.close()
    assert (found, pages) == (["i-2"], 3)


async def test_walk_that_looked_at_enough_ends_early_and_goes_on(tmp_path: Path) -> None:
    filter = InstanceFilter(test=True)
    async with opened(tmp_path) as store:
        await store.apply(started(*[instance(f"i-{number}", test=number == 2) for number in range(10)]))
        db = open_file(store.path, read_only=True)
        pieces, counts = [], []
        after: int | None = 0
        while after is not None:
            stretch = walks.instance_numbers(db, filter, after=after, up_to=9, limit=5, looked_at_max=4)
            pieces.append([id for _, id in stretch.ids])
            after = stretch.looked_to
        after = 0
        while after is not None:
            counted, after = walks.tally_instances(db, filter, after=after, up_to=None, looked_at_max=4)
            counts.append(counted.total())
        db.close()
    assert pieces == [["i-2"], [], []]
    assert counts == [1, 0, 0]


async def test_walk_over_cards_that_looked_at_enough_ends_early_and_goes_on(tmp_path: Path) -> None:
    filter = CardFilter(flow="other")
    async with opened(tmp_path) as store:
        rows = [card(f"k-{number}", flow="other" if number == 2 else "welcome") for number in range(10)]
        await store.apply(Group(cards=rows))
        db = open_file(store.path, read_only=True)
        pieces, counts = [], []
        after: int | None = 0
        while after is not None:
            stretch = walks.card_numbers(db, filter, after=after, up_to=9, limit=5, looked_at_max=4)
            pieces.append([id for _, id in stretch.ids])
            after = stretch.looked_to
        after = 0
        while after is not None:
            counted, after = walks.tally_cards(db, filter, after=after, up_to=None, looked_at_max=4)
            counts.append(counted.total())
        db.close()
    assert pieces == [["k-2"], [], []]
    assert counts == [1, 0, 0]


async def test_audience_that_looked_at_enough_ends_early_and_goes_on(tmp_path: Path) -> None:
    wanted = customers.Audience(segment=None, tag="vip", zone=None, test=False)
    async with opened(tmp_path) as store:
        people = [customer(f"c-{number}", tags=("vip",), test=number % 3 != 0) for number in range(11)]
        await store.apply(Group(customers={row.id: row for row in people}))
        db = open_file(store.path, read_only=True)
        pieces, counts = [], []
        after: int | None = 0
        while after is not None:
            found, after = customers.members(db, wanted, after, 9, looked_at_max=4)
            pieces.append([member.customer for member in found])
        after = 0
        while after is not None:
            count, after = customers.count_members(db, wanted, after, looked_at_max=4)
            counts.append(count)
        db.close()
    assert pieces == [["c-0", "c-3"], ["c-6"], ["c-9"]]
    assert counts == [2, 1, 1]


async def test_look_ups_that_wait_while_a_day_is_dropped_still_answer(tmp_path: Path) -> None:
    async with opened(tmp_path, retention=Retention(dedupe_days=1)) as store:
        await store.apply(Group(dedupe=[dedupe("a", day=DAY), dedupe("b", day=DAY + 5)]))
        keys = [dedupe("a").key, dedupe("b").key]
        waiting = [asyncio.ensure_future(store.seen(keys)) for _ in range(20)]
        pruned = asyncio.ensure_future(store.prune(now=AT + 5 * MS_PER_DAY))
        more = [asyncio.ensure_future(store.seen(keys)) for _ in range(20)]
        answers = await asyncio.gather(*waiting, *more)
        assert await pruned == 1
    assert all(dedupe("b").key in answer for answer in answers)


NO_STORES = {
    "text": b"not a database, whatever its name says",
    "zeros": b"SQLite format 3\0" + bytes(4_096),
}


@pytest.mark.parametrize("what", NO_STORES)
async def test_file_that_is_no_store_is_refused_and_kept(tmp_path: Path, what: str) -> None:
    (tmp_path / DATABASE).write_bytes(NO_STORES[what])
    with pytest.raises(StoreError):
        async with opened(tmp_path):
            pass
    assert (tmp_path / DATABASE).read_bytes() == NO_STORES[what]


async def test_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        async with opened(tmp_path / "nowhere"):
            pass


async def test_many_rows_in_one_group_are_one_commit(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.apply(Group(journal=[journal(f"e-{number}") for number in range(1_001)]))
        assert len(await store.journal(after=0, limit=2_000)) == 1_001

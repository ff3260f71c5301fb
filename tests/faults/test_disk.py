"""A store whose disk fails, fills up or hangs: nothing is half stored, and the truth about it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from actors.ports import StoreBroken, StoreError, StoreFull
from actors.records import Group
from server.db.store import SqliteStore, StoreLimits
from tests.contract.rows import AT, call, card, dedupe, inbox, instance, job, journal, ledger, timeline
from tests.faults.vfs import Disk

pytestmark = pytest.mark.faults

OPERATIONS_MAX = 400
WAITING_S = 10


def group(number: int) -> Group:
    """Rows of several kinds that all say `number`."""
    id = f"i-{number}"
    return Group(
        journal=[journal(f"e-{number}")],
        dedupe=[dedupe(f"{number}")],
        instances={id: instance(id, state=b"s" * 3_000)},
        timeline=[timeline(1, instance=id)],
        cards=[card(f"k-{number}")],
        inbox_added=[inbox(number)],
        outbox_added=[call(number)],
        ledgers={(id, "welcome", False): ledger(id)},
        jobs={"j-1": job(done=number)},
    )


async def stored(store: SqliteStore) -> list[int]:
    """The numbers of the groups that are there; each must be there whole."""
    numbers = [entry.row.id.removeprefix("e-") for entry in await store.journal(after=0, limit=500)]
    keys = [dedupe(number).key for number in numbers]
    assert len(await store.seen(keys)) == len(numbers)
    assert [route.id async for chunk in store.routes() for route in chunk] == [f"i-{n}" for n in numbers]
    for number in numbers:
        assert len(await store.timeline(f"i-{number}", after=0, limit=9)) == 1
    head, cards = await store.feed("c-1", since=0, limit=500)
    assert [(row.card.id, row.seq) for row in cards] == [(f"k-{n}", at) for at, n in enumerate(numbers, 1)]
    assert head.seq == len(numbers)
    assert [str(row.number) for row in await store.inbox(after=0, limit=500)] == numbers
    assert [str(row.number) for row in await store.outbox(after=0, limit=500)] == numbers
    assert len(await store.ledgers([(f"i-{n}", "welcome", False) for n in numbers])) == len(numbers)
    assert [str(row.done) for row in await store.open_jobs()] == numbers[-1:]
    return [int(number) for number in numbers]


@asynccontextmanager
async def opened(
    folder: Path, disk: Disk | None = None, *, checkpoint_pages: int = 4_000
) -> AsyncIterator[SqliteStore]:
    limits = StoreLimits(checkpoint_pages=checkpoint_pages)
    watched = disk or Disk()
    store = SqliteStore(folder, now=lambda: AT, open=watched.open, limits=limits)
    await store.open()
    try:
        yield store
    finally:
        watched.fail_at(None)
        await store.close()


async def test_each_write_and_sync_of_a_commit_may_fail(tmp_path: Path) -> None:
    """The n-th operation fails, for n = 1, 2, … until a commit needs fewer."""
    failures = []
    for n in range(1, OPERATIONS_MAX):
        folder = tmp_path / str(n)
        folder.mkdir()
        disk = Disk()
        async with opened(folder, disk) as store:
            await store.apply(group(1))
            disk.fail_at(n)
            try:
                await store.apply(group(2))
            except StoreBroken:
                failures.append(n)
                with pytest.raises(StoreBroken):  # this process writes no more
                    await store.apply(group(3))
            except StoreError:
                failures.append(n)
                await store.apply(group(2))
                assert await stored(store) == [1, 2]
            fired = disk.fired
        async with opened(folder) as again:
            assert await stored(again) in ([1], [1, 2])
        if not fired:
            break
    assert failures == list(range(1, n))
    assert len(failures) > 5


async def test_each_write_may_find_the_disk_full(tmp_path: Path) -> None:
    """No room is no unknown outcome: the same store goes on, and the same group is stored afterwards."""
    disk, fulls = Disk(), 0
    async with opened(tmp_path, disk) as store:
        await store.apply(group(1))
        for n in range(2, OPERATIONS_MAX):
            disk.fail_at(n - 1, code=apsw.SQLITE_FULL)
            try:
                await store.apply(group(n))
            except StoreFull:
                fulls += 1
                assert await stored(store) == list(range(1, n))
                await store.apply(group(n))
            assert await stored(store) == list(range(1, n + 1))
            if not disk.fired:
                break
    assert fulls > 3


async def test_full_disk_refuses_every_commit_until_there_is_room(tmp_path: Path) -> None:
    disk = Disk()
    async with opened(tmp_path, disk) as store:
        await store.apply(group(1))
        with disk.full():
            for _ in range(3):
                with pytest.raises(StoreFull):
                    await store.apply(group(2))
            assert await stored(store) == [1]
        await store.apply(group(2))
        assert await stored(store) == [1, 2]


async def test_checkpoint_without_room_waits_for_room(tmp_path: Path) -> None:
    disk = Disk()
    async with opened(tmp_path, disk) as store:
        await store.apply(group(1))
        with disk.full():
            await store.checkpoint()
        await store.apply(group(2))
        assert await stored(store) == [1, 2]


async def test_failed_checkpoint_ends_the_writing(tmp_path: Path) -> None:
    """After a failed sync of the file nothing may fold the log again but a fresh start."""
    disk = Disk()
    async with opened(tmp_path, disk) as store:
        await store.apply(group(1))
        disk.fail_at(1)
        await store.checkpoint()
        assert disk.fired
        with pytest.raises(StoreBroken):
            await store.apply(group(2))
    async with opened(tmp_path) as again:
        assert await stored(again) == [1]


async def test_broken_store_leaves_its_log_to_the_next_start(tmp_path: Path) -> None:
    """What is in memory after a failed sync may not be what is on disk: closing must not fold it in."""
    disk = Disk()
    async with opened(tmp_path, disk) as store:
        await store.apply(group(1))
        disk.fail_at(1)
        with pytest.raises(StoreBroken):
            await store.apply(group(2))
        disk.fail_at(None)
        before = (tmp_path / "flowdeck.db").read_bytes()
        assert (tmp_path / "flowdeck.db-wal").stat().st_size
    assert (tmp_path / "flowdeck.db").read_bytes() == before
    assert (tmp_path / "flowdeck.db-wal").stat().st_size
    async with opened(tmp_path) as again:
        assert 1 in await stored(again)


async def test_hanging_commit_blocks_neither_the_loop_nor_readers(tmp_path: Path) -> None:
    disk = Disk()
    async with opened(tmp_path, disk) as store:
        await store.apply(group(1))
        with disk.hanging():
            commit = asyncio.create_task(store.apply(group(2)))
            assert await asyncio.to_thread(disk.waiting.wait, WAITING_S)
            assert await stored(store) == [1]
            assert not commit.done()
        await commit
        assert await stored(store) == [1, 2]


async def test_busy_file_is_refused_and_leaves_no_transaction_open(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.apply(group(1))
        other = apsw.Connection(str(store.path))
        other.execute("begin immediate")
        with pytest.raises(StoreFull):
            await store.apply(group(2))
        other.execute("rollback")
        other.close()
        await store.apply(group(2))
        assert await stored(store) == [1, 2]

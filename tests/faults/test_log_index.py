"""No room for the index of the log where there was room for the log: how a full disk does leave doubt.

SQLite writes the frames of a transaction and syncs them, and only then notes them in the index, the shared
memory file. It grows by 32 KiB: for the first 4,062 frames, then for each 4,096.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.ports import StoreBroken, StoreFull
from actors.records import Group
from server.db.connection import DATABASE
from server.db.store import SqliteStore, StoreLimits
from tests.contract.rows import AT, journal
from tests.faults.small_disk import PAGE_BYTES, filled_up, small_disk

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DISK_MIB = 24
FRAME_BYTES = PAGE_BYTES + 24
FRAMES_OF_FIRST_INDEX = 4_062
LARGE_BYTES = 100 * PAGE_BYTES
SPARE_PAGES = 5
"""More than two large groups differ by, and less than the index takes."""
SMALL_FRAMES_MAX = 20
CACHE_BYTES = 1_000 * PAGE_BYTES
SMALL_CACHE_BYTES = 10 * PAGE_BYTES


def group(number: int, *, size_bytes: int = 1) -> Group:
    return Group(journal=[replace(journal(f"e-{number}"), payload=bytes(size_bytes))])


def frames(folder: Path) -> int:
    return (folder / f"{DATABASE}-wal").stat().st_size // FRAME_BYTES


async def ids(store: SqliteStore) -> list[str]:
    return [entry.row.id for entry in await store.journal(after=0, limit=10_000)]


@asynccontextmanager
async def opened(folder: Path, *, cache_bytes: int = CACHE_BYTES) -> AsyncIterator[SqliteStore]:
    """A store that never folds its log."""
    limits = StoreLimits(checkpoint_pages=1_000_000, readers=1, cache_bytes=cache_bytes)
    store = SqliteStore(folder, now=lambda: AT, limits=limits)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def filled_to_the_index(store: SqliteStore, folder: Path) -> tuple[int, int]:
    """So many groups that a large one needs more index; their number, and the frames of a large one."""
    await store.apply(group(1, size_bytes=LARGE_BYTES))
    before = frames(folder)
    await store.apply(group(2, size_bytes=LARGE_BYTES))
    large = frames(folder) - before
    number = 2
    while frames(folder) + SMALL_FRAMES_MAX < FRAMES_OF_FIRST_INDEX:
        number += 1
        await store.apply(group(number))
    return number, large


async def test_full_disk_at_the_index_ends_the_writing_since_the_next_start_finds_the_commit(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "data", mib=DISK_MIB) as folder:
        async with opened(folder) as store:
            number, large = await filled_to_the_index(store, folder)
            room = filled_up(folder, but_pages=large + SPARE_PAGES)
            with room, pytest.raises(StoreBroken, match="SQLITE_IOERR_SHMSIZE"):
                await store.apply(group(number + 1, size_bytes=LARGE_BYTES))
            # To recover in place would be to believe this:
            assert len(await ids(store)) == number
            with pytest.raises(StoreBroken):
                await store.apply(group(number + 2))
        async with opened(folder) as again:
            assert len(await ids(again)) == number + 1


async def test_full_disk_at_the_index_before_commit_changes_nothing_and_is_no_more_than_full(
    tmp_path: Path,
) -> None:
    """What a small cache cannot hold goes to the log before COMMIT, and counts for nothing without it."""
    with small_disk(tmp_path / "data", mib=DISK_MIB) as folder:
        async with opened(folder, cache_bytes=SMALL_CACHE_BYTES) as store:
            number, _ = await filled_to_the_index(store, folder)
            room = filled_up(folder, but_pages=FRAMES_OF_FIRST_INDEX - frames(folder) + SPARE_PAGES)
            with room, pytest.raises(StoreFull, match="SQLITE_IOERR_SHMSIZE"):
                await store.apply(group(number + 1, size_bytes=LARGE_BYTES))
            assert len(await ids(store)) == number
            await store.apply(group(number + 2))
        async with opened(folder) as again:
            assert len(await ids(again)) == number + 1
            assert (await ids(again))[-1] == f"e-{number + 2}"

"""A backup is whole and overwrites nothing; a restored store is what was backed up, under a new epoch."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from actors.ports import StoreError
from actors.records import Group, Meta
from server.db.backup import back_up, restore
from server.db.connection import DATABASE
from server.db.lock import FolderInUse, FolderLock
from server.db.store import SqliteStore
from tests.contract.rows import AT, card, shown
from tests.server.db.stores import made, names, opened


async def filled(folder: Path, *ids: str) -> Meta:
    store = SqliteStore(made(folder), now=lambda: AT)
    meta = await store.open()
    try:
        await store.apply(Group(cards=[card(id) for id in ids]))
    finally:
        await store.close()
    return meta


async def feed_of(folder: Path) -> list[tuple[str, int]]:
    async with opened(folder) as store:
        return await shown(store)


async def test_restored_store_has_the_data_and_a_new_epoch(tmp_path: Path) -> None:
    before = await filled(tmp_path / "a", "k-1", "k-2")
    size = back_up(tmp_path / "a", tmp_path / "copy")
    assert size == (tmp_path / "copy").stat().st_size
    after, kept = restore(tmp_path / "copy", tmp_path / "b")
    assert (after.created_at, after.schema) == (before.created_at, before.schema)
    assert after.epoch != before.epoch
    assert kept is None
    assert await feed_of(tmp_path / "b") == [("k-1", 1), ("k-2", 2)]


async def test_backup_of_a_store_in_use_holds_what_was_committed(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.apply(Group(cards=[card("k-1")]))
        back_up(tmp_path, tmp_path / "copy")
        await store.apply(Group(cards=[card("k-2")]))
    restore(tmp_path / "copy", tmp_path / "b")
    assert await feed_of(tmp_path / "b") == [("k-1", 1)]


async def test_copies_are_for_the_owner_alone(tmp_path: Path) -> None:
    await filled(tmp_path / "a")
    back_up(tmp_path / "a", tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "b")
    for path in (tmp_path / "copy", tmp_path / "b" / DATABASE):
        assert path.stat().st_mode & 0o077 == 0


async def test_backup_overwrites_nothing(tmp_path: Path) -> None:
    await filled(tmp_path / "a")
    (tmp_path / "copy").write_text("mine")
    with pytest.raises(StoreError, match="exists"):
        back_up(tmp_path / "a", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "mine"


async def test_failed_backup_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / DATABASE).write_bytes(b"not a database, but long enough to be read as one" * 100)
    with pytest.raises(StoreError, match="could not be copied"):
        back_up(tmp_path / "a", tmp_path / "copy")
    assert names(tmp_path) == ["a"]


def test_backup_of_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no data"):
        back_up(tmp_path, tmp_path / "copy")


async def test_backup_into_a_missing_folder_says_so(tmp_path: Path) -> None:
    await filled(tmp_path / "a")
    with pytest.raises(StoreError, match="could not be written"):
        back_up(tmp_path / "a", tmp_path / "nowhere" / "copy")


async def test_restore_keeps_what_was_there_aside(tmp_path: Path) -> None:
    await filled(tmp_path / "a", "k-1")
    await filled(tmp_path / "b", "k-2")
    back_up(tmp_path / "a", tmp_path / "copy")
    _, kept = restore(tmp_path / "copy", tmp_path / "b")
    assert kept is not None
    assert await feed_of(tmp_path / "b") == [("k-1", 1)]
    assert await feed_of(kept) == [("k-2", 1)]


async def test_restore_refuses_a_folder_in_use(tmp_path: Path) -> None:
    await filled(tmp_path / "a", "k-1")
    back_up(tmp_path / "a", tmp_path / "copy")
    with FolderLock(tmp_path / "b"), pytest.raises(FolderInUse):
        restore(tmp_path / "copy", tmp_path / "b")
    assert not (tmp_path / "b" / DATABASE).exists()


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("create table t (a)")
    db.close()


@pytest.mark.parametrize("content", [b"", b"text", b"SQLite format 3\0" + bytes(4096)])
async def test_restore_of_something_else_changes_nothing(tmp_path: Path, content: bytes) -> None:
    await filled(tmp_path / "b", "k-1")
    (tmp_path / "copy").write_bytes(content)
    with pytest.raises(StoreError):
        restore(tmp_path / "copy", tmp_path / "b")
    assert await feed_of(tmp_path / "b") == [("k-1", 1)]


async def test_restore_of_another_programs_database_is_refused(tmp_path: Path) -> None:
    other_database(tmp_path / "copy")
    with pytest.raises(StoreError, match="not a Flowdeck store"):
        restore(tmp_path / "copy", tmp_path / "b")


async def test_damaged_backup_is_refused(tmp_path: Path) -> None:
    await filled(tmp_path / "a", *[f"k-{n}" for n in range(300)])
    back_up(tmp_path / "a", tmp_path / "copy")
    content = bytearray((tmp_path / "copy").read_bytes())
    content[20 * 4096 : 30 * 4096] = bytes(10 * 4096)
    (tmp_path / "copy").write_bytes(content)
    with pytest.raises(StoreError):
        restore(tmp_path / "copy", tmp_path / "b")
    assert not (tmp_path / "b" / DATABASE).exists()

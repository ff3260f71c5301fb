"""Every test of this folder runs on every store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from actors.memory import MemoryStore
from actors.ports import Store
from server.db.store import SqliteStore
from tests.faults.vfs import Disk

from .rows import AT


def memory(folder: Path) -> Store:
    return MemoryStore()


def sqlite(folder: Path) -> Store:
    return SqliteStore(folder, now=lambda: AT)


def sqlite_on_a_watched_disk(folder: Path) -> Store:
    return SqliteStore(folder, now=lambda: AT, open=Disk().open)


STORES: list[Callable[[Path], Store]] = [memory, sqlite, sqlite_on_a_watched_disk]


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An open store with nothing in it."""
    made: Store = request.param(tmp_path)
    await made.open()
    yield made
    await made.close()

"""Stores that are closed whatever happens: a connection's thread outlives a test that forgets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from actors.ports import Retention
from server.db.store import SqliteStore, StoreLimits
from tests.contract.rows import AT


@asynccontextmanager
async def opened(
    folder: Path, *, limits: StoreLimits | None = None, retention: Retention | None = None
) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(folder, now=lambda: AT, limits=limits, retention=retention)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def made(folder: Path) -> Path:
    """The folder, as `FolderLock` makes it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())

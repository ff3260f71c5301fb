"""Connections to the data file: how they are opened, the thread that each has, what their errors mean.

One connection writes and checkpoints; readers are read-only. `Lane.run` is one hop to the connection's
thread, however many statements the work has. Knows no table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast

import aiosqlite

from actors.ports import StoreBroken, StoreError, StoreFull

DATABASE: Final = "flowdeck.db"

# Nobody else writes; what may hold the lock for a moment is an operator's own SQLite shell.
BUSY_WAIT_S: Final = 1.0
STATEMENTS_CACHED: Final = 2_048
"""Two dozen kinds of rows in up to 64 sizes, 36 MB in all: preparing one costs what running it does."""

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Database(Protocol):
    """The part of `sqlite3.Connection` that the store uses: tests put a failing disk behind it."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor: ...

    def close(self) -> None: ...


class Open(Protocol):
    """Opens a database file in autocommit mode: transactions are begun and ended by statements alone."""

    def __call__(self, path: Path, *, read_only: bool) -> Database: ...


def open_file(path: Path, *, read_only: bool) -> Database:
    if not read_only and path.parent.is_dir() and not path.exists():
        path.touch(mode=0o600)  # secrets are in it; its log takes after it
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_WAIT_S,
        cached_statements=STATEMENTS_CACHED,
        check_same_thread=False,  # opened and used by its lane's thread, looked at by ours
    )


def open_writer(open: Open, path: Path, *, cache_bytes: int) -> Database:
    """The one connection that writes: a commit is on disk before it returns, and only it checkpoints."""
    db = open(path, read_only=False)
    with _closed_if_it_fails(db):
        (mode,) = db.execute("pragma journal_mode = wal").fetchone()
        if mode != "wal":
            raise StoreError(f"the file system of {path.parent} cannot hold a write-ahead log")
        for pragma in (
            "synchronous = full",
            "wal_autocheckpoint = 0",
            "secure_delete = fast",
            "temp_store = memory",
            "recursive_triggers = off",
            f"cache_size = {-(cache_bytes // 1024)}",
        ):
            db.execute(f"pragma {pragma}").fetchall()
    return db


def open_reader(open: Open, path: Path, *, cache_bytes: int) -> Database:
    db = open(path, read_only=True)
    with _closed_if_it_fails(db):
        for pragma in ("query_only = on", "temp_store = memory", f"cache_size = {-(cache_bytes // 1024)}"):
            db.execute(f"pragma {pragma}").fetchall()
    return db


@contextmanager
def _closed_if_it_fails(db: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        db.close()
        raise


class Lane(aiosqlite.Connection):
    """A connection with its own thread."""

    def __init__(self, connect: Callable[[], Database]) -> None:
        super().__init__(cast("Callable[[], sqlite3.Connection]", connect), iter_chunk_size=1)

    async def start(self) -> None:
        """Connect, with the errors of `run`."""
        try:
            await self
        except BaseException as error:
            # The thread has been told to end and will, at once: it must not outlive the loop it answers to.
            self._thread.join()
            if isinstance(error, sqlite3.Error):
                raise failure(error) from error
            raise

    async def run(
        self, work: Callable[Concatenate[Database, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """Call `work(database, …)` on the lane's thread. What SQLite raises comes out as a StoreError."""
        try:
            # The public methods are one hop a statement; this is what they are made of, and it has no types.
            done = await self._execute(work, self._conn, *args, **kwargs)  # type: ignore[no-untyped-call]
            return cast("_R", done)
        except sqlite3.Error as error:
            raise failure(error) from error

    def post(self, work: Callable[[Database], None]) -> None:
        """Let the lane's thread do this after what is queued; `work` must not raise."""
        self._tx.put_nowait((None, partial(work, cast("Database", self._conn))))


def full_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's code without the extension that only details it."""
    return full_code(error) & 0xFF


def failure(error: sqlite3.Error) -> StoreError:
    """What an error means outside of a commit: nothing was changed."""
    text = f"{getattr(error, 'sqlite_errorname', 'SQLITE_ERROR')}: {error}"
    if full_code(error) == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StoreFull(text)  # no room for the log's index
    match primary_code(error):
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_BUSY:
            return StoreFull(text)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreBroken(text)
        case _:
            return StoreError(text)


def transact(db: Database, work: Callable[[Database], _R]) -> _R:
    """Do the work in one transaction, and leave none open, whatever happens.

    An error before COMMIT is rolled back and says so. At COMMIT, FULL and BUSY are known to have changed
    nothing: they come before the last frame is in the log. After any other error there what is on disk is
    unknown, and only a fresh start may read it (decision 0069).
    """
    db.execute("begin immediate")
    committing = False
    try:
        result = work(db)
        committing = True
        db.execute("commit")
    except BaseException as error:
        _roll_back(db, error)
        if not isinstance(error, sqlite3.Error):
            raise
        known = failure(error)
        if committing and primary_code(error) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY):
            raise StoreBroken(str(known)) from error
        raise known from error
    return result


def _roll_back(db: Database, error: BaseException) -> None:
    try:
        if db.in_transaction:
            db.execute("rollback")
    except sqlite3.Error as second:
        raise StoreBroken(f"{error}; then the roll-back failed: {second}") from error
    if db.in_transaction:
        raise StoreBroken(f"{error}; then the transaction stayed open") from error

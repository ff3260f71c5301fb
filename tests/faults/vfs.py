"""A disk that can be told to fail, to fill up, to hang, or to lose its power, put behind the store by APSW.

`Disk.open` takes the place of `server.db.connection.open_file`. It counts writes, truncations and syncs, and
keeps what a power cut could leave: what was synced, and any part of what was written since.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import apsw

from server.db.connection import BUSY_WAIT_S, Cursor, Database

SECTOR_BYTES = 512
_names = itertools.count()


@dataclass(frozen=True, slots=True)
class Change:
    """A write (`data`) or a truncation (None) that no sync has followed yet."""

    offset: int
    data: bytes | None

    def sectors(self) -> Iterator[Change]:
        """The pieces of which a power cut may keep some."""
        if self.data is None:
            yield self
            return
        end = self.offset + len(self.data)
        start = self.offset
        while start < end:
            stop = min(end, start // SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES)
            yield Change(start, self.data[start - self.offset : stop - self.offset])
            start = stop

    def make(self, image: bytearray) -> None:
        if self.data is None:
            del image[self.offset :]
            return
        image.extend(bytes(max(0, self.offset - len(image))))
        image[self.offset : self.offset + len(self.data)] = self.data


@dataclass(slots=True)
class Watched:
    """One file: what is safe on the platter, and what is on its way there."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def after_cut(self, chance: Random) -> bytes:
        image = bytearray(self.synced)
        keep = chance.random()
        for change in self.pending:
            for piece in change.sectors():
                if chance.random() < keep:
                    piece.make(image)
        return bytes(image)


class Disk:
    """Counts from the last `fail_at`: the first operation is number 1."""

    def __init__(self) -> None:
        self.files: dict[str, Watched] = {}
        self.operations = 0
        self.fired = 0
        self._fail: tuple[int, int] | None = None
        self._full = False
        self._lock = threading.Lock()
        self._may_sync = threading.Event()
        self._may_sync.set()
        self.waiting = threading.Event()
        self.after_operation: Callable[[], None] = lambda: None
        self._vfs = _Vfs(f"watched-{next(_names)}", self)

    # ── what tests do to it ────────────────────────────────────────────────────────────────────────────
    def fail_at(self, operation: int | None, *, code: int = apsw.SQLITE_IOERR) -> None:
        """Let this operation from now on fail, once; None: let nothing fail."""
        self.operations = self.fired = 0
        self._fail = None if operation is None else (operation, code)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Nothing more can be written for a while."""
        self._full = True
        yield
        self._full = False

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Syncs wait; `waiting` is set when one does."""
        self.waiting.clear()
        self._may_sync.clear()
        try:
            yield
        finally:
            self._may_sync.set()

    def cut(self, chance: Random) -> dict[str, bytes]:
        """Files as a power cut now could leave them. The shared-memory file is never one of them."""
        with self._lock:
            return {name: file.after_cut(chance) for name, file in self.files.items()}

    # ── what the file system asks of it ────────────────────────────────────────────────────────────────
    def before(self, code: int, *, grows: bool = False) -> None:
        """Fail instead of an operation, if it is its turn; `code` says what failing means for it."""
        self.operations += 1
        if grows and self._full:
            self.fired += 1
            raise apsw.exception_for(apsw.SQLITE_FULL)
        if self._fail is not None and self._fail[0] == self.operations:
            self.fired += 1
            wanted = self._fail[1]
            raise apsw.exception_for(code if wanted == apsw.SQLITE_IOERR else wanted)

    def sync(self, name: str) -> None:
        if not self._may_sync.is_set():
            self.waiting.set()
            self._may_sync.wait()
        with self._lock:
            file = self.files[name]
            for change in file.pending:
                change.make(file.synced)
            file.pending.clear()

    def change(self, name: str, change: Change) -> None:
        with self._lock:
            self.files[name].pending.append(change)

    def open(self, path: Path, *, read_only: bool) -> Database:
        flags = (
            apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        )
        with _as_sqlite3():
            connection = apsw.Connection(str(path), vfs=self._vfs.vfs_name, flags=flags)
        connection.set_busy_timeout(int(BUSY_WAIT_S * 1_000))
        return Bridge(connection)


class _Vfs(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self.vfs_name = name
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None or not flags[0] & (apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_WAL):
            return apsw.VFSFile("", name, flags)
        return _File(name, flags, Path(path).name, self._disk)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self._disk.files.pop(Path(filename).name, None)


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], short: str, disk: Disk) -> None:
        super().__init__("", name, flags)
        self._short = short
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if short not in disk.files:
            disk.files[short] = Watched(synced=bytearray(Path(path).read_bytes()))

    def xWrite(self, data: Any, offset: int) -> None:
        self._disk.before(apsw.SQLITE_IOERR_WRITE, grows=True)
        super().xWrite(data, offset)
        self._disk.change(self._short, Change(offset, bytes(data)))
        self._disk.after_operation()

    def xTruncate(self, newsize: int) -> None:
        self._disk.before(apsw.SQLITE_IOERR_TRUNCATE)
        super().xTruncate(newsize)
        self._disk.change(self._short, Change(newsize, None))
        self._disk.after_operation()

    def xSync(self, flags: int) -> None:
        self._disk.before(apsw.SQLITE_IOERR_FSYNC)
        super().xSync(flags)
        self._disk.sync(self._short)
        self._disk.after_operation()


@contextmanager
def _as_sqlite3() -> Iterator[None]:
    """What APSW raises, as the standard library would: the store tells errors apart by their codes."""
    try:
        yield
    except apsw.Error as error:
        translated = sqlite3.OperationalError(str(error))
        translated.sqlite_errorcode = int(getattr(error, "extendedresult", sqlite3.SQLITE_ERROR))
        translated.sqlite_errorname = type(error).__name__
        raise translated from error


class Bridge:
    """An APSW connection with the few methods of `sqlite3.Connection` that the store uses."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        with _as_sqlite3():
            rows: Sequence[Any] = self._connection.execute(sql, parameters).fetchall()
        return Rows(list(rows), self._connection.changes())

    def close(self) -> None:
        # SQLite closes whatever the file system says meanwhile; only APSW tells of that.
        with suppress(apsw.Error):
            self._connection.close()


@dataclass(slots=True)
class Rows:
    rows: list[Any]
    rowcount: int

    def fetchone(self) -> Any:
        return self.rows.pop(0) if self.rows else None

    def fetchall(self) -> list[Any]:
        return self.rows

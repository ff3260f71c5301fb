"""A copy of the data as one file, made while the server runs, and bringing it back into a folder.

A copy appears under its name whole and on disk, or not at all. A restored store has a new epoch, so that apps
throw away what they know of its feeds.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from functools import partial
from pathlib import Path
from typing import Final

from actors.ports import StoreError
from actors.records import Meta

from .connection import DATABASE, Database, open_file, transact
from .lock import FolderLock
from .migrations import APPLICATION_ID, put_meta, read_meta, schema_of

PROBLEMS_SHOWN_MAX: Final = 3


def back_up(folder: Path, target: Path) -> int:
    """Copy the committed state of the folder's store to `target`, which must not exist; its size in bytes.

    Reads only, from one commit, so it may run beside the server; takes as long as copying everything takes.
    """
    source = folder / DATABASE
    if not source.exists():
        raise StoreError(f"{folder} holds no data")
    if target.exists():
        raise StoreError(f"{target} exists; a backup overwrites nothing")
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        _make_private(part)
        _vacuum_into(source, part)
        _sync(part)
        os.link(part, target)  # unlike a rename, refuses a target that appeared meanwhile
    except FileExistsError:
        raise StoreError(f"{target} exists; a backup overwrites nothing") from None
    except OSError as error:
        raise StoreError(f"{target} could not be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    _sync(target.parent)
    return target.stat().st_size


def restore(backup: Path, folder: Path) -> tuple[Meta, Path | None]:
    """Put the backup in place of what the folder holds, which must not be in use (FolderInUse).

    Answers the new header, and where the data that was there is kept. Nothing is touched before the backup
    has passed its check.
    """
    with FolderLock(folder):
        part = folder / f".restore.{secrets.token_hex(4)}.part"
        try:
            _make_private(part)
            _copy(backup, part)
            meta = _renew(part)
            _sync(part)
            kept = _set_aside(folder)
            part.rename(folder / DATABASE)
        except OSError as error:
            raise StoreError(f"{backup} could not be restored: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)
        _sync(folder)
    return meta, kept


def integrity_problems(db: Database, *, limit: int) -> list[str]:
    """What SQLite's own check of the file finds."""
    rows = [row[0] for row in db.execute(f"pragma integrity_check({limit})").fetchall()]
    return [] if rows == ["ok"] else rows


def _make_private(part: Path) -> None:
    """Create it for the owner alone: a copy holds everything that the folder protects."""
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _vacuum_into(source: Path, part: Path) -> None:
    try:
        db = open_file(source, read_only=True)
        try:
            if db.execute("pragma application_id").fetchone() != (APPLICATION_ID,):
                raise StoreError(f"{source} is not a Flowdeck store")
            db.execute("vacuum into :target", {"target": str(part)})
        finally:
            db.close()
    except sqlite3.Error as error:
        raise StoreError(f"{source} could not be copied: {error}") from error


def _copy(backup: Path, part: Path) -> None:
    """Through SQLite, so that a copied folder's file with its log beside it is taken whole too."""
    if not backup.is_file():
        raise StoreError(f"{backup} is not a file")
    _vacuum_into(backup, part)


def _renew(part: Path) -> Meta:
    """Check the copy and give it a new epoch."""
    try:
        db = open_file(part, read_only=False)
        try:
            schema_of(db)
            if problems := integrity_problems(db, limit=PROBLEMS_SHOWN_MAX):
                raise StoreError(f"the backup is damaged: {'; '.join(problems)}")
            known = read_meta(db)
            transact(db, partial(put_meta, epoch=secrets.token_hex(8), now=known.created_at))
            return read_meta(db)
        finally:
            db.close()
    except sqlite3.Error as error:
        raise StoreError(f"the backup is damaged: {error}") from error


def _set_aside(folder: Path) -> Path | None:
    """Keep what was there. The file goes before its log, which alone is never taken for another file's."""
    names = [name for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm") if (folder / name).exists()]
    if not names:
        return None
    aside = folder / f"before-restore-{secrets.token_hex(4)}"
    aside.mkdir(mode=0o700)
    for name in names:
        shutil.move(folder / name, aside / name)
    return aside


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

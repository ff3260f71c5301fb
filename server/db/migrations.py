"""Brings a data file to the schema of this program: forward only, each step in its own transaction.

Refuses a file that is somebody else's or that a newer program wrote; leaves it as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from actors.ports import StoreError
from actors.records import Meta

from .connection import Database, transact
from .fills import FILLS
from .sql import SQL, load

# "FlDk": tells our files from other SQLite files, also to `file`.
APPLICATION_ID: Final = 0x466C446B


def steps() -> list[str]:
    """The schema steps; the first makes schema 1."""
    found = load("migrations")
    numbers = [int(name.partition("_")[0]) for name in found]
    assert numbers == list(range(1, len(numbers) + 1)), "migrations are numbered without a gap"
    return list(found.values())


STEPS: Final = steps()
SCHEMA: Final = len(STEPS)


def migrate(db: Database, *, epoch: str, now: int, steps: Sequence[str] = STEPS) -> Meta:
    """Do what is missing; `epoch` and `now` are for a file that is new."""
    schema = schema_of(db, known=len(steps))
    for number, text in enumerate(steps[schema:], start=schema + 1):
        transact(db, partial(_step, number=number, text=text))
    if db.execute(SQL["meta"]).fetchone() is None:
        transact(db, partial(put_meta, epoch=epoch, now=now))
    return read_meta(db)


def put_meta(db: Database, *, epoch: str, now: int) -> None:
    """Write the header row; of a row that is there only the epoch changes."""
    db.execute(SQL["meta_put"], {"epoch": epoch, "created_at": now})


def schema_of(db: Database, *, known: int = SCHEMA) -> int:
    """The file's schema, 0 if it is new; refuses what this program cannot use."""
    schema = int(_pragma(db, "user_version"))
    if schema > known:
        raise StoreError(
            f"the data was written by a newer version (schema {schema}, this one knows {known}): "
            "run that version, or restore a backup that this one wrote"
        )
    ours = _pragma(db, "application_id") == APPLICATION_ID
    (tables,) = db.execute("select count(*) from sqlite_schema").fetchone()
    if not ours and (schema or tables):
        raise StoreError("the file is an SQLite database of another program")
    return schema


def read_meta(db: Database) -> Meta:
    row = db.execute(SQL["meta"]).fetchone()
    if row is None:
        raise StoreError("the data file has no header row: restore a backup")
    return Meta(epoch=row[0], schema=int(_pragma(db, "user_version")), created_at=row[1])


def _step(db: Database, *, number: int, text: str) -> None:
    for statement in statements(text):
        db.execute(statement)
    if number in FILLS:
        FILLS[number](db)
    db.execute(f"pragma user_version = {number}")
    db.execute(f"pragma application_id = {APPLICATION_ID}")


def statements(text: str) -> Iterator[str]:
    """The statements of a script one by one: a script as a whole would end the transaction around it."""
    start = ""
    for line in text.splitlines(keepends=True):
        start += line
        if sqlite3.complete_statement(start):
            yield start
            start = ""
    if start.strip():
        raise ValueError(f"a statement without an end: {start.strip()[:80]}")


def _pragma(db: Database, name: str) -> int:
    return int(db.execute(f"pragma {name}").fetchone()[0])

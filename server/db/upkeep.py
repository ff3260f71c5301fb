"""What keeps the file from growing for ever: dropping what is past its window, folding the log in.

Runs on the writer's thread, each prune in one transaction of bounded size.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from actors.ports import MS_PER_DAY, Retention

from .connection import Database
from .sql import SQL, add_rows

PRUNED_PER_CALL: Final = 1_000
"""Rows of each kind: some tens of ms of the writer, between two groups."""


def dedupe_days(db: Database) -> list[int]:
    """The days that have a table, rising."""
    names = [name for (name,) in db.execute(SQL["dedupe_days"]).fetchall()]
    return sorted(int(found[1]) for name in names if (found := re.fullmatch(r"dedupe_(\d+)", name)))


def prune(db: Database, now: int, keep: Retention) -> int:
    limit = PRUNED_PER_CALL
    dropped = _drop_days(db, now, keep)
    for query, given in (
        ("answers_prune", {"now": now}),
        ("journal_prune", {"before": now - keep.journal_ms}),
        ("timeline_prune", {"before": now - keep.timeline_ms}),
        ("undos_prune", {"before": now - keep.undos_ms}),
    ):
        dropped += db.execute(SQL[query], {**given, "limit": limit}).rowcount
    return (
        dropped
        + _drop_tombstones(db, now - keep.tombstones_ms)
        + _drop_instances(db, now - keep.instances_ms)
        + _drop_jobs(db, now - keep.jobs_ms)
    )


def kept_days(days: Iterable[int], now: int, keep: Retention) -> list[int]:
    """Those whose keys may still come again: the last event of a day has its whole window too."""
    return [day for day in days if day >= now // MS_PER_DAY - keep.dedupe_days]


def _drop_days(db: Database, now: int, keep: Retention) -> int:
    there = dedupe_days(db)
    days = set(there) - set(kept_days(there, now, keep))
    for day in days:
        db.execute(SQL["dedupe_drop"].format(day=day))
    return len(days)


def _drop_tombstones(db: Database, before: int) -> int:
    rows = db.execute(SQL["tombstones_old"], {"before": before, "limit": PRUNED_PER_CALL}).fetchall()
    marks: dict[str, int] = {}
    for _, customer, seq in rows:
        marks[customer] = max(seq, marks.get(customer, 0))
    add_rows(db, "feeds_prune", list(marks.items()))
    _drop(db, ("views_drop", "cards_drop"), [number for number, _, _ in rows])
    return len(rows)


def _drop_instances(db: Database, before: int) -> int:
    """Their entries can no longer be reached, and go with their own time."""
    rows = db.execute(SQL["instances_old"], {"before": before, "limit": PRUNED_PER_CALL}).fetchall()
    _drop(db, ("snapshots_drop", "instances_drop"), [number for (number,) in rows])
    return len(rows)


def _drop_jobs(db: Database, before: int) -> int:
    rows = db.execute(SQL["jobs_old"], {"before": before, "limit": PRUNED_PER_CALL}).fetchall()
    _drop(db, ("job_specs_drop", "jobs_drop"), [number for (number,) in rows])
    return len(rows)


def _drop(db: Database, queries: Sequence[str], numbers: Sequence[int]) -> None:
    for query in queries:
        add_rows(db, query, [(number,) for number in numbers])


@dataclass(slots=True)
class Checkpoints:
    """Decides when the log is folded into the file: when about `pages_max` pages wait in it.

    SQLite tells a log's length only when it is folded, so pages are estimated from the rows written, by what
    the last fold found. Folding between groups, by the connection that writes, lets the log start again from
    its beginning; beside commits it could only grow.
    """

    pages_max: int
    rows: int = 0
    pages_per_row: float = 1.0
    error: sqlite3.Error | None = None

    def wrote(self, rows: int) -> bool:
        """Count what was committed; whether it is time."""
        self.rows += rows
        return self.rows * self.pages_per_row >= self.pages_max

    def fold(self, db: Database) -> None:
        """Never raises: the next commit tells `error`. That there is no room is no error yet."""
        try:
            _, pages, _ = db.execute("pragma wal_checkpoint(passive)").fetchone()
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY}:
                self.error = error
            return
        if self.rows and pages > 0:
            self.pages_per_row = min(max(pages / self.rows, 0.05), 50.0)
        self.rows = 0

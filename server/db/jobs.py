"""Long operations: how their rows, and what undoes them, are written and read. Their list is in `lists.py`.

A job's row is written with each piece of its work. What it is to do never changes and may be long: it is
stored apart, once.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.records import JobRow, UndoRow

from .connection import Database
from .sql import SQL, add_rows, json_text


def write_jobs(db: Database, rows: Sequence[JobRow]) -> None:
    add_rows(db, "jobs_put", [_columns(row) for row in rows])
    add_rows(db, "job_specs_add", [(row.id, row.spec) for row in rows if row.spec])


def job(db: Database, id: str) -> JobRow | None:
    row = db.execute(SQL["job"], {"id": id}).fetchone()
    return None if row is None else JobRow(*row)


def open_jobs(db: Database) -> list[JobRow]:
    return [JobRow(*row) for row in db.execute(SQL["jobs_open"]).fetchall()]


def job_uniques(db: Database, uniques: Sequence[str]) -> dict[str, str]:
    return dict(db.execute(SQL["job_uniques"], {"uniques": json_text(uniques)}).fetchall())


def undos(db: Database, job: str, after: int, limit: int) -> list[tuple[int, UndoRow]]:
    rows = db.execute(SQL["undos_of"], {"job": job, "after": after, "limit": limit}).fetchall()
    return [(number, UndoRow(*columns)) for number, *columns in rows]


def _columns(row: JobRow) -> tuple[object, ...]:
    return (
        row.id,
        row.kind,
        row.name,
        row.state,
        row.cursor,
        row.done,
        row.total,
        row.failed,
        row.by,
        row.created_at,
        row.updated_at,
        row.ended_at,
        row.unique,
        row.result,
        row.error,
    )

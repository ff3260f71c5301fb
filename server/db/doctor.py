"""What is wrong with a data folder, and what to do: reads only, beside a running server too.

`open` of the store checks header and schema at every start; this is the long look.
"""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from actors.ports import StoreError

from .backup import integrity_problems
from .connection import DATABASE, Database, open_file
from .migrations import SCHEMA, schema_of
from .sql import SQL

Severity = Literal["ok", "note", "warning", "error"]

PROBLEMS_SHOWN_MAX: Final = 20
LOG_BYTES_MAX: Final = 256 * 1024 * 1024
FREE_BYTES_MIN: Final = 1024 * 1024 * 1024
CLOCK_BACK_MS_MAX: Final = 60_000
YEAR_2024_AT: Final = 1_704_067_200_000
WAL_RESET_FIXED: Final = (3, 51, 3)

# Query of `queries/` that counts what should not be, and what it counts.
CONSISTENCY: Final = {
    "check_snapshots": "instances have no snapshot",
    "check_live": "instances are running or failed, yet not live",
    "check_open_cards": "instances count their open cards wrong",
    "check_views": "cards have no view",
    "check_feeds": "places in customers' feeds have several cards",
    "check_inbox": "inputs wait for an instance that is not there",
    "check_counts": "counts of instances are wrong",
    "check_tags": "tags of customers are not as they are found",
    "check_segments": "segments of customers are not as they are found",
    "check_job_specs": "jobs do not say what is to be done",
    "check_documents": "resources are not JSON",
}
# Query that gives packed values, and what they are.
PACKED: Final = {
    "check_packed_calls": "calls in the outbox",
    "check_packed_ledgers": "ledgers of customers",
    "check_packed_histories": "histories of customers",
    "check_packed_undos": "states from before a migration",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    what: str
    do: str = ""
    severity: Severity = "ok"


def examine(folder: Path, *, now: int, files_wanted: int) -> list[Finding]:
    """Everything, the machine first. `files_wanted`: descriptors that the configured connections may need."""
    return [*_machine(folder, files_wanted), *_data(folder, now)]


def worst(findings: list[Finding]) -> Severity:
    order: list[Severity] = ["ok", "note", "warning", "error"]
    return max((finding.severity for finding in findings), key=order.index, default="ok")


def _machine(folder: Path, files_wanted: int) -> Iterator[Finding]:
    yield _sqlite_version()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < files_wanted:
        yield Finding(
            what=f"the process may open {soft:,} files; the configured connections need {files_wanted:,}",
            do="raise the limit (ulimit -n, or LimitNOFILE in the service), or lower connections_max",
            severity="warning",
        )
    else:
        yield Finding(what="the open-file limit is high enough")
    if folder.is_dir():
        yield from _folder(folder)


def _sqlite_version() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= WAL_RESET_FIXED:
        return Finding(what=f"SQLite {version}")
    return Finding(
        what=f"SQLite {version} can damage its log when two processes write or checkpoint (fixed in 3.51.3)",
        do="let nothing else write to or checkpoint this file: the server alone is safe, Litestream is not",
        severity="note",
    )


def _folder(folder: Path) -> Iterator[Finding]:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < FREE_BYTES_MIN:
        yield Finding(
            what=f"{free_bytes >> 20:,} MiB are free in {folder}",
            do="make room: without it the server refuses everything that must be stored",
            severity="warning",
        )
    if folder.stat().st_mode & 0o077:
        yield Finding(
            what=f"others on this machine can look into {folder}",
            do=f"chmod 700 {folder}",
            severity="warning",
        )


def _data(folder: Path, now: int) -> Iterator[Finding]:
    path = folder / DATABASE
    if not path.exists():
        yield Finding(
            what=f"{folder} holds no data yet", do="a server makes it at its first start", severity="note"
        )
        return
    try:
        db = open_file(path, read_only=True)
        try:
            yield from _file(db, path, now)
        finally:
            db.close()
    except (sqlite3.Error, StoreError) as error:
        yield Finding(what=f"the data cannot be read: {error}", do="restore a backup", severity="error")


def _file(db: Database, path: Path, now: int) -> Iterator[Finding]:
    schema = schema_of(db)
    if schema == 0:
        yield Finding(
            what="the data file is empty", do="a server fills it at its first start", severity="note"
        )
        return
    if problems := integrity_problems(db, limit=PROBLEMS_SHOWN_MAX):
        yield Finding(
            what=f"the file is damaged: {'; '.join(problems)}", do="restore a backup", severity="error"
        )
        return
    yield Finding(what="the file is whole")
    if schema < SCHEMA:
        yield Finding(
            what=f"the data has schema {schema}, this version {SCHEMA}",
            do="make a backup; the next start migrates it",
            severity="note",
        )
        return
    yield from _consistency(db)
    yield from _log(path)
    yield _clock(db, now)


def _consistency(db: Database) -> Iterator[Finding]:
    found = {what: int(db.execute(SQL[query]).fetchone()[0]) for query, what in CONSISTENCY.items()}
    found |= {f"{what} cannot be read": _unreadable(db, query) for query, what in PACKED.items()}
    for what, count in found.items():
        if count:
            yield Finding(
                what=f"{count:,} {what}", do="keep a copy of the folder and report this", severity="error"
            )
    if not any(found.values()):
        yield Finding(what="instances, cards, feeds, customers, inbox, outbox and jobs agree")


def _unreadable(db: Database, query: str) -> int:
    """How many of these are not whole MessagePack. What they mean is for those who wrote them."""
    rows, count = db.execute(SQL[query]), 0
    while (row := rows.fetchone()) is not None:
        try:
            msgspec.msgpack.decode(row[0])
        except msgspec.DecodeError:
            count += 1
    return count


def _log(path: Path) -> Iterator[Finding]:
    log = path.with_name(f"{path.name}-wal")
    log_bytes = log.stat().st_size if log.exists() else 0
    if log_bytes > LOG_BYTES_MAX:
        yield Finding(
            what=f"the log of commits has grown to {log_bytes >> 20:,} MiB",
            do="end whatever has held the file open for long, such as an SQLite shell or a copy",
            severity="warning",
        )


def _clock(db: Database, now: int) -> Finding:
    newest = int(db.execute(SQL["check_clock"]).fetchone()[0])
    if now < YEAR_2024_AT or now < newest - CLOCK_BACK_MS_MAX:
        return Finding(
            what="the machine's clock is behind what the data says has happened",
            do="set the clock (chrony or systemd-timesyncd) before the server starts: timers wait for it",
            severity="error",
        )
    return Finding(what="the clock is not behind the data")

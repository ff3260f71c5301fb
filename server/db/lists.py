"""The lists of the API: newest first, filtered, in pages.

Each statement walks one index and looks at a bounded number of rows, so a page may end early; its cursor is
then the last row that was looked at. A cursor is a row's number: what starts meanwhile shifts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from actors.ports import CardFilter, CustomerFilter, InstanceFilter, JobFilter
from actors.records import CustomerRow, FeedCard, InstanceRow, JobRow

from .connection import Database
from .reads import card, customer, instance_row
from .sql import SQL

LOOKED_AT_MAX: Final = 50_000
"""Rows a page looks at: some tens of ms on the lane of lists, which nothing else waits for."""

NEWEST: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Window:
    """Where a page starts, how many rows it may give and how many it may look at."""

    cursor: str | None
    limit: int
    looked_at_max: int


def instances(
    db: Database, filter: InstanceFilter, *, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[list[InstanceRow], str | None]:
    if filter.customer is not None:
        query = "instances_by_customer"
    elif filter.key is not None:
        query = "instances_by_key"
    elif filter.status == "failed":
        query = "instances_failed"
    elif filter.flow is not None:
        query = "instances_by_flow"
    else:
        query = "instances_all"
    given = {
        "flow": filter.flow,
        "version": filter.version,
        "customer": filter.customer,
        "status": filter.status,
        "key": filter.key,
        "step": filter.step,
        "invocation": filter.invocation,
        "test": filter.test,
    }
    window = Window(filter.cursor, filter.limit, looked_at_max)
    rows, cursor = _page(db, query, given, window)
    return [instance_row(columns, state=b"", step=step) for *columns, step in rows], cursor


def cards(
    db: Database, filter: CardFilter, *, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[list[FeedCard], str | None]:
    if filter.instance is not None:
        query = "cards_by_instance"
    elif filter.customer is not None:
        query = "cards_by_customer"
    else:
        query = "cards_all"
    given = {
        "customer": filter.customer,
        "flow": filter.flow,
        "instance": filter.instance,
        "status": filter.status,
        "stream": filter.stream,
    }
    window = Window(filter.cursor, filter.limit, looked_at_max)
    rows, cursor = _page(db, query, given, window)
    return [card(row) for row in rows], cursor


def customers(
    db: Database, filter: CustomerFilter, *, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[list[CustomerRow], str | None]:
    query = "customers_all" if filter.tag is None else "customers_by_tag"
    q = None if filter.q is None else filter.q.lower()
    given = {"tag": filter.tag, "test": filter.test, "q": q}
    window = Window(filter.cursor, filter.limit, looked_at_max)
    rows, cursor = _page(db, query, given, window)
    return [customer(row) for row in rows], cursor


def jobs(
    db: Database, filter: JobFilter, *, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[list[JobRow], str | None]:
    given = {"kind": filter.kind, "name": filter.name, "state": filter.state}
    window = Window(filter.cursor, filter.limit, looked_at_max)
    rows, cursor = _page(db, "jobs_all", given, window)
    return [JobRow(*row) for row in rows], cursor


def _page(
    db: Database, query: str, given: Mapping[str, object], window: Window
) -> tuple[list[Any], str | None]:
    """Columns of at most `limit` rows, and the cursor to go on with, None at the end of the list."""
    before = NEWEST if window.cursor is None else int(window.cursor)
    bounds = {"before": before, "window": window.looked_at_max, "limit": window.limit + 1}
    numbered = db.execute(SQL[query], {**given, **bounds}).fetchall()
    rows = [columns for _, *columns in numbered if columns[0] is not None][: window.limit]
    if len(numbered) > window.limit:
        return rows, str(numbered[window.limit - 1][0])
    ended_early = bool(numbered) and numbered[-1][1] is None
    return rows, str(numbered[-1][0]) if ended_early else None

"""The lists of the API: newest first, filtered, in pages.

Each statement walks one index and looks at a bounded number of rows, so a page may end early; its cursor is
then the last row that was looked at. A cursor is a row's number: what starts meanwhile shifts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from actors.ports import CardFilter, CustomerFilter, InstanceFilter
from actors.records import CustomerRow, FeedCard, InstanceRow

from .connection import Database
from .reads import card, customer, instance_row
from .sql import SQL

LOOKED_AT_MAX: Final = 50_000
"""Rows a page looks at: some tens of ms on the lane of lists, which nothing else waits for."""

NEWEST: Final = 1 << 62


def instances(db: Database, filter: InstanceFilter) -> tuple[list[InstanceRow], str | None]:
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
    rows, cursor = _page(db, query, given, cursor=filter.cursor, limit=filter.limit)
    return [instance_row(columns, state=b"", step=step) for *columns, step in rows], cursor


def cards(db: Database, filter: CardFilter) -> tuple[list[FeedCard], str | None]:
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
    rows, cursor = _page(db, query, given, cursor=filter.cursor, limit=filter.limit)
    return [card(row) for row in rows], cursor


def customers(db: Database, filter: CustomerFilter) -> tuple[list[CustomerRow], str | None]:
    query = "customers_all" if filter.tag is None else "customers_by_tag"
    q = None if filter.q is None else filter.q.lower()
    given = {"tag": filter.tag, "test": filter.test, "q": q}
    rows, cursor = _page(db, query, given, cursor=filter.cursor, limit=filter.limit)
    return [customer(row) for row in rows], cursor


def _page(
    db: Database, query: str, given: Mapping[str, object], *, cursor: str | None, limit: int
) -> tuple[list[Any], str | None]:
    """Columns of at most `limit` rows, and the cursor to go on with, None at the end of the list."""
    before = NEWEST if cursor is None else int(cursor)
    window = {"before": before, "window": LOOKED_AT_MAX, "limit": limit + 1}
    numbered = db.execute(SQL[query], {**given, **window}).fetchall()
    rows = [columns for _, *columns in numbered if columns[0] is not None][:limit]
    if len(numbered) > limit:
        return rows, str(numbered[limit - 1][0])
    ended_early = bool(numbered) and numbered[-1][1] is None
    return rows, str(numbered[-1][0]) if ended_early else None

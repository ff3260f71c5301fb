"""The lists of the API: filtered, newest first, in pages. Walks over the same rows are `walks.py`.

Each statement walks one index and looks at a bounded number of rows, so it may end early; the cursor is then
the last row that was looked at. A cursor is a row's number: what starts meanwhile shifts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from actors.ports import CardFilter, CustomerFilter, InstanceFilter, JobFilter
from actors.records import CustomerRow, FeedCard, InstanceRow, JobRow

from .connection import Database
from .reads import card, customer, instance_row
from .sql import over_walk

LOOKED_AT_MAX: Final = 50_000
"""Rows a statement looks at: some tens of ms on the lane of lists, which nothing else waits for."""

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
    statement = over_walk("instances_page", instance_walk(filter), order="desc")
    window = Window(filter.cursor, filter.limit, looked_at_max)
    rows, cursor = _page(db, statement, instance_values(filter), window)
    return [
        instance_row(columns, state=b"", step=step, parent=parent) for *columns, step, parent in rows
    ], cursor


def cards(
    db: Database, filter: CardFilter, *, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[list[FeedCard], str | None]:
    window = Window(filter.cursor, filter.limit, looked_at_max)
    statement = over_walk("cards_page", card_walk(filter), order="desc")
    rows, cursor = _page(db, statement, card_values(filter), window)
    return [card(row) for row in rows], cursor


def customers(
    db: Database, filter: CustomerFilter, *, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[list[CustomerRow], str | None]:
    if filter.segment is not None:
        walk = "customers_by_segment"
    elif filter.tag is not None:
        walk = "customers_by_tag"
    else:
        walk = "customers_all"
    given = {
        "segment": filter.segment,
        "tag": filter.tag,
        "other_tag": None if walk == "customers_by_tag" else filter.tag,
        "test": filter.test,
        "q": None if filter.q is None else filter.q.lower(),
    }
    window = Window(filter.cursor, filter.limit, looked_at_max)
    rows, cursor = _page(db, over_walk("customers_page", walk, order="desc"), given, window)
    return [customer(row) for row in rows], cursor


def jobs(
    db: Database, filter: JobFilter, *, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[list[JobRow], str | None]:
    given = {"kind": filter.kind, "name": filter.name, "state": filter.state, "by": filter.by}
    window = Window(filter.cursor, filter.limit, looked_at_max)
    rows, cursor = _page(db, over_walk("jobs_page", "jobs_all", order="desc"), given, window)
    return [JobRow(*row) for row in rows], cursor


def instance_walk(filter: InstanceFilter) -> str:
    """Along the narrowest index that the filter allows."""
    if filter.parent is not None:
        return "instances_by_parent"
    if filter.customer is not None:
        return "instances_by_customer"
    if filter.key is not None:
        return "instances_by_key"
    if filter.status == "failed":
        return "instances_failed"
    if filter.unfinished and filter.flow is not None and isinstance(filter.version, int):
        return "instances_by_version"
    if filter.flow is not None:
        return "instances_by_flow"
    return "instances_all"


def instance_values(filter: InstanceFilter) -> dict[str, object]:
    return {
        "flow": filter.flow,
        "version": None if filter.version == "draft" else filter.version,
        "drafts": filter.version == "draft",
        "customer": filter.customer,
        "status": filter.status,
        "unfinished": filter.unfinished,
        "error": filter.error,
        "key": filter.key,
        "step": filter.step,
        "invocation": filter.invocation,
        "parent": filter.parent,
        "test": filter.test,
    }


def card_walk(filter: CardFilter) -> str:
    if filter.instance is not None:
        return "cards_by_instance"
    return "cards_all" if filter.customer is None else "cards_by_customer"


def card_values(filter: CardFilter) -> dict[str, object]:
    return {
        "customer": filter.customer,
        "flow": filter.flow,
        "instance": filter.instance,
        "status": filter.status,
        "open": filter.open,
        "stream": filter.stream,
    }


def _page(
    db: Database, statement: str, given: Mapping[str, object], window: Window
) -> tuple[list[Any], str | None]:
    """Columns of at most `limit` rows, and the cursor to go on with, None at the end of the list."""
    before = NEWEST if window.cursor is None else int(window.cursor)
    bounds = {"after": 0, "before": before, "window": window.looked_at_max, "limit": window.limit + 1}
    numbered = db.execute(statement, {**given, **bounds}).fetchall()
    rows = [columns for _, *columns in numbered if columns[0] is not None][: window.limit]
    if len(numbered) > window.limit:
        return rows, str(numbered[window.limit - 1][0])
    ended_early = bool(numbered) and numbered[-1][1] is None
    return rows, str(numbered[-1][0]) if ended_early else None

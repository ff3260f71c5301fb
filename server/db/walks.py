"""Walks over instances and cards, oldest first, for whoever does something to all that a filter finds.

Each statement looks at a bounded number of rows along the index of the filter's list (`lists.py`), and says
how far it came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from actors.ports import CardFilter, InstanceFilter
from actors.records import Stretch

from .connection import Database
from .lists import LOOKED_AT_MAX, NEWEST, card_values, card_walk, instance_values, instance_walk
from .sql import over_walk


def instance_numbers(
    db: Database,
    filter: InstanceFilter,
    *,
    after: int,
    up_to: int | None,
    limit: int,
    looked_at_max: int = LOOKED_AT_MAX,
) -> Stretch:
    statement = over_walk("instances_numbers", instance_walk(filter), order="asc")
    bounds = _bounds(after, up_to, looked_at_max) | {"limit": limit + 1}
    return _stretch(db, statement, instance_values(filter) | bounds, limit)


def tally_instances(
    db: Database,
    filter: InstanceFilter,
    *,
    after: int,
    up_to: int | None,
    looked_at_max: int = LOOKED_AT_MAX,
) -> tuple[Counter[tuple[str, str | None, str | None]], int | None]:
    """Of a piece how many are what, and the number to go on after, None at the end."""
    statement = over_walk("instances_tally", instance_walk(filter), order="asc")
    bounds = _bounds(after, up_to, looked_at_max)
    rows, looked_to = _tallied(db, statement, instance_values(filter) | bounds, looked_at_max)
    return Counter({(status, step, error): count for status, step, error, count, _ in rows}), looked_to


def card_numbers(
    db: Database,
    filter: CardFilter,
    *,
    after: int,
    up_to: int | None,
    limit: int,
    looked_at_max: int = LOOKED_AT_MAX,
) -> Stretch:
    statement = over_walk("cards_numbers", card_walk(filter), order="asc")
    bounds = _bounds(after, up_to, looked_at_max) | {"limit": limit + 1}
    return _stretch(db, statement, card_values(filter) | bounds, limit)


def tally_cards(
    db: Database, filter: CardFilter, *, after: int, up_to: int | None, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[Counter[tuple[str, str]], int | None]:
    """Of a piece how many are what, and the number to go on after, None at the end."""
    statement = over_walk("cards_tally", card_walk(filter), order="asc")
    bounds = _bounds(after, up_to, looked_at_max)
    rows, looked_to = _tallied(db, statement, card_values(filter) | bounds, looked_at_max)
    return Counter({(status, flow): count for status, flow, count, _ in rows}), looked_to


def _bounds(after: int, up_to: int | None, looked_at_max: int) -> dict[str, object]:
    return {"after": after, "before": NEWEST if up_to is None else up_to + 1, "window": looked_at_max}


def _stretch(db: Database, statement: str, given: Mapping[str, object], limit: int) -> Stretch:
    """One row more than is wanted says that there are more; one without an id, that enough were looked at."""
    rows = db.execute(statement, given).fetchall()
    if len(rows) > limit:
        return Stretch(ids=rows[:limit], looked_to=rows[limit - 1][0])
    if rows and rows[-1][1] is None:
        return Stretch(ids=rows[:-1], looked_to=rows[-1][0])
    return Stretch(ids=rows, looked_to=None)


def _tallied(
    db: Database, statement: str, given: Mapping[str, object], looked_at_max: int
) -> tuple[list[Any], int | None]:
    """What was counted, and the number to go on after."""
    *rows, (*_, looked_at, last) = db.execute(statement, given).fetchall()
    return rows, last if looked_at == looked_at_max else None

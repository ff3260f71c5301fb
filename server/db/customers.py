"""Customers: how their rows are written with what finds them, and the walks over audiences.

By tag and by segment a customer is found in a table of its own, by zone through an index. Their list is in
`lists.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from actors.records import CustomerRow, Member

from .connection import Database
from .lists import LOOKED_AT_MAX, NEWEST
from .sql import SQL, add_rows, json_text, over_walk, read_rows


class Stored(NamedTuple):
    """What finds a customer whose row is there."""

    id: str
    number: int
    test: int
    zone: str
    tags: tuple[str, ...]
    segments: tuple[str, ...]


_decode_stored = msgspec.json.Decoder(list[Stored]).decode


# ── writing ────────────────────────────────────────────────────────────────────────────────────────────
def write_customers(db: Database, rows: Sequence[CustomerRow]) -> None:
    """What a write leaves alone of what finds a customer costs no page."""
    texts = read_rows(db, SQL["customers_stored"], [(row.id,) for row in rows])
    stored = {was.id: was for (text,) in texts for was in _decode_stored(text)}
    old = [(stored[row.id], row) for row in rows if row.id in stored]
    added = _add(db, [row for row in rows if row.id not in stored])
    add_rows(db, "customers_put", [(was.number, *_told(row)) for was, row in old])
    moved = [(was.number, *_place(row)) for was, row in old if (was.test, was.zone) != _place(row)]
    add_rows(db, "customers_move", moved)
    both = [*old, *added]
    _mark(db, "customer_tags", [(was.number, was.tags, row.tags) for was, row in both])
    _mark(db, "customer_segments", [(was.number, was.segments, row.segments) for was, row in both])


def _add(db: Database, rows: Sequence[CustomerRow]) -> list[tuple[Stored, CustomerRow]]:
    if not rows:
        return []
    first = int(db.execute(SQL["customers_last"]).fetchone()[0]) + 1
    numbered = list(enumerate(rows, first))
    add_rows(db, "customers_add", [(number, row.id, *_place(row), *_told(row)) for number, row in numbered])
    return [(Stored(row.id, number, *_place(row), (), ()), row) for number, row in numbered]


def _place(row: CustomerRow) -> tuple[bool, str]:
    return row.test, row.timezone or ""


def _told(row: CustomerRow) -> tuple[object, ...]:
    return (
        json_text(row.tags),
        json_text(row.segments),
        row.created_at,
        row.updated_at,
        row.search,
        f"{row.id}\n{row.search}".lower(),
        row.profile,
    )


def _mark(db: Database, table: str, rows: Sequence[tuple[int, tuple[str, ...], tuple[str, ...]]]) -> None:
    """Of each customer: its number, and what it has had and has now."""
    removed = [(mark, number) for number, had, has in rows for mark in {*had}.difference(has)]
    added = [(mark, number) for number, had, has in rows for mark in {*has}.difference(had)]
    add_rows(db, f"{table}_remove", removed)
    add_rows(db, f"{table}_add", added)


# ── audiences ──────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Audience:
    """Who belongs to it must match all that is given; `zone` "" are customers without one; `test` None: of
    tests or not."""

    segment: str | None
    tag: str | None
    zone: str | None
    test: bool | None


def members(
    db: Database, audience: Audience, after: int, limit: int, *, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[list[Member], int | None]:
    """A piece by rising number, and the number to go on after, None at the end."""
    walk = _walk(audience)
    bounds = {"after": after, "before": NEWEST, "window": looked_at_max, "limit": limit}
    statement = over_walk("customers_members", walk, order="asc")
    rows = db.execute(statement, _values(audience, walk) | bounds).fetchall()
    found = [Member(number, id, zone or None) for number, id, zone in rows if id is not None]
    return found, rows[-1][0] if rows and (len(rows) == limit or rows[-1][1] is None) else None


def count_members(
    db: Database, audience: Audience, after: int, *, looked_at_max: int = LOOKED_AT_MAX
) -> tuple[int, int | None]:
    """A piece of the count, and the number to go on after, None at the end."""
    walk = _walk(audience)
    bounds = {"after": after, "before": NEWEST, "window": looked_at_max}
    statement = over_walk("customers_count", walk, order="asc")
    count, last, looked_at = db.execute(statement, _values(audience, walk) | bounds).fetchone()
    return count, last if looked_at == looked_at_max else None


def zones(db: Database) -> list[str]:
    return [zone for (zone,) in db.execute(SQL["zones"]).fetchall()]


def _walk(audience: Audience) -> str:
    """By zone before segment and tag: walks over all zones then look at each customer once, together."""
    if audience.test:
        return "customers_tests"
    if audience.zone is not None:
        return "customers_by_zone"
    if audience.segment is not None:
        return "customers_by_segment"
    if audience.tag is not None:
        return "customers_by_tag"
    return "customers_all"


def _values(audience: Audience, walk: str) -> dict[str, object]:
    return {
        "segment": audience.segment,
        "tag": audience.tag,
        "zone": audience.zone,
        "test": audience.test,
        "other_segment": None if walk == "customers_by_segment" else audience.segment,
        "other_tag": None if walk == "customers_by_tag" else audience.tag,
    }

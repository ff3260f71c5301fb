"""What a schema step cannot say in SQL: columns filled from packed values, in the step's transaction.

The statements stand here and not in `queries/`, because they are about the schema as their step leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from .connection import Database

ROWS_PER_READ: Final = 1_000


class Zoned(msgspec.Struct):
    """What of a profile is read."""

    timezone: str | None = None


_decode = msgspec.msgpack.Decoder(Zoned).decode


def fill_zones(db: Database) -> None:
    """The zones of customers who are there, so that schedules find them too."""
    read = "select number, profile from customers where number > ? order by number limit ?"
    after = 0
    while rows := db.execute(read, (after, ROWS_PER_READ)).fetchall():
        for number, profile in rows:
            if zone := _decode(profile).timezone:
                db.execute("update customers set timezone = ? where number = ?", (zone, number))
        after = rows[-1][0]


FILLS: Final[Mapping[int, Callable[[Database], None]]] = {2: fill_zones}
"""By the number of the step that they complete."""

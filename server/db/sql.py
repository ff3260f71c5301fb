"""The statements of `queries/`, one a file, loaded once; a file's comment says which index it relies on.

Each step of a statement hands the interpreter lock over twice, so what a group writes is written with few
statements of many rows, not with a step a row (decision 0030): `many` repeats a file's row of parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain
from typing import Any, Final, Literal

import msgspec

from .connection import Database

ROWS_PER_STATEMENT: Final = 64
"""More rows a statement gain nothing; fewer sizes fill the connection's cache of prepared statements less."""

ROW: Final = re.compile(r"\(\?(?:, \?)*\)")


_encode_json: Final = msgspec.json.Encoder().encode


def json_text(values: object) -> str:
    """For a statement that takes any number of values as one."""
    return _encode_json(values).decode()


def load(folder: str) -> dict[str, str]:
    """Name without suffix → text, in order of name."""
    entries = files(__package__).joinpath(folder).iterdir()
    texts = {entry.name: entry.read_text("utf-8") for entry in entries if entry.name.endswith(".sql")}
    return {name.removesuffix(".sql"): texts[name] for name in sorted(texts)}


SQL: Final = load("queries")


@cache
def over_walk(name: str, walk: str, *, order: Literal["asc", "desc"]) -> str:
    """A statement over rows by their numbers, completed by the walk along one index that gives the rows."""
    return SQL[name].format(walk=SQL[walk].format(order=order))


def add_rows(db: Database, name: str, rows: Sequence[Sequence[object]]) -> int:
    """Run a writing statement for all rows; how many rows it changed."""
    return write_rows(db, SQL[name], rows)


def write_rows(db: Database, text: str, rows: Sequence[Sequence[object]]) -> int:
    changed = 0
    for piece in pieces(rows):
        changed += db.execute(many(text, len(piece)), tuple(chain.from_iterable(piece))).rowcount
    return changed


def read_rows(db: Database, text: str, rows: Sequence[Sequence[object]]) -> Iterator[Any]:
    for piece in pieces(rows):
        yield from db.execute(many(text, len(piece)), tuple(chain.from_iterable(piece))).fetchall()


def pieces(rows: Sequence[Sequence[object]]) -> Iterator[Sequence[Sequence[object]]]:
    for first in range(0, len(rows), ROWS_PER_STATEMENT):
        yield rows[first : first + ROWS_PER_STATEMENT]


@lru_cache(maxsize=4_096)
def many(text: str, count: int) -> str:
    """The statement with its row of parameters, such as `(?, ?)`, repeated."""
    repeated, found = ROW.subn(lambda row: ", ".join([row[0]] * count), text)
    assert found == 1, f"not one row of parameters: {text}"
    return repeated

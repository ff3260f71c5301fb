"""Tables of targets: CSV with a column `customer`, perhaps `key`, and one for each variable that is supplied.

A table is checked whole before anybody starts. What is wrong has its place: `/{row}/{column}`, rows counted
from 0 after the header, whose own place is `/header`. An empty cell supplies nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from actors.commands import Target
from actors.job_specs import PAGE_TARGETS, TargetList, paged
from actors.ports import Clock
from rules import variables
from rules.documents.problems import nearest
from rules.documents.scalars import is_unicode
from rules.errors import RuleError
from rules.limits import KEY_BYTES_MAX, NAME_BYTES_MAX
from rules.model import Variable
from server.errors import ApiError

from .bodies import POINTER_NAME_CHARACTERS_MAX, escape
from .checks import Faults, check_data, check_text

CSV: Final = "text/csv"
CUSTOMER: Final = "customer"
KEY: Final = "key"
SLICE_S: Final = 0.004
"""For how long rows keep the loop from others, and others then have it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. `number` counts rows, `line` lines of the text: a quoted cell may have several."""

    number: int
    line: int
    cells: Sequence[str]


async def read_targets(
    raw: bytes, declared: Mapping[str, Variable], *, rows_max: int, clock: Clock
) -> TargetList:
    """A target for each row; `too_large` for too many rows, `invalid` with what is wrong, up to a bound."""
    faults = Faults()
    rows = _rows(raw, faults)
    names = _header(next(rows, None), declared, faults)
    faults.end()
    pages: list[bytes] = []
    page: list[Target] = []
    count, slice_ends = 0, clock.monotonic() + SLICE_S
    for row in rows:
        if row.number >= rows_max:
            raise ApiError("too_large", f"A table may have at most {rows_max} rows.")
        page.append(_target(row, names, declared, faults))
        count += 1
        if len(page) == PAGE_TARGETS:
            pages += paged(page).pages
            page.clear()
        if faults.is_full:
            break
        if clock.monotonic() >= slice_ends:
            await clock.sleep(SLICE_S)
            slice_ends = clock.monotonic() + SLICE_S
    if not count and not faults.found:
        faults.add("", "empty", "The table has no rows.")
    faults.end()
    return TargetList((*pages, *paged(page).pages), count)


def _rows(raw: bytes, faults: Faults) -> Iterator[Row]:
    """The header as number -1, and what follows; empty lines hold nothing."""
    # What is no UTF-8 becomes lone surrogates, which are found in their cells.
    text = io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(text, strict=True)
    number = -1
    try:
        for cells in reader:
            if cells:
                yield Row(number, reader.line_num, cells)
                number += 1
    except csv.Error as error:
        faults.add(_place(number), "bad_csv", f"Line {reader.line_num} is no CSV: {error}.")


def _place(number: int) -> str:
    return "/header" if number < 0 else f"/{number}"


def _header(row: Row | None, declared: Mapping[str, Variable], faults: Faults) -> Sequence[str]:
    """The names of the columns."""
    names = [] if row is None else [name.strip() for name in row.cells]
    known = {CUSTOMER, KEY, *declared}
    seen: set[str] = set()
    for name in names:
        place = f"/header/{escape(name[:POINTER_NAME_CHARACTERS_MAX])}"
        if name in seen:
            faults.add(place, "repeated", "There are two columns of this name.")
        elif name not in known:
            message = f"The flow has no variable of this name.{nearest(name, known)}"
            faults.add(place, "unknown_variable", message)
        seen.add(name)
    if CUSTOMER not in seen:
        faults.add(f"/header/{CUSTOMER}", "missing", "A table has a column for the customer.")
    for name, error in variables.find_faults(declared, {}):
        if name not in seen:
            faults.add(f"/header/{name}", error.code, error.message)
    return names


def _target(row: Row, names: Sequence[str], declared: Mapping[str, Variable], faults: Faults) -> Target:
    """What the row says; what is wrong with it goes to the faults."""
    if len(row.cells) != len(names):
        message = f"The row has {len(row.cells)} cells, the header {len(names)}."
        faults.add(_place(row.number), "cells", f"Line {row.line}: {message}")
    given = dict(zip(names, row.cells, strict=False))
    customer, key = given.pop(CUSTOMER, ""), given.pop(KEY, "") or None
    check_text(customer, NAME_BYTES_MAX, f"/{row.number}/{CUSTOMER}", faults)
    check_text(key, KEY_BYTES_MAX, f"/{row.number}/{KEY}", faults)
    supplied = {
        name: _value(declared[name], text, f"/{row.number}/{name}", faults)
        for name, text in given.items()
        if text
    }
    for name, text in given.items():
        if not text and declared[name].required and declared[name].default is None:
            faults.add(f"/{row.number}/{name}", "missing_variable", "This variable is required.")
    return Target(customer=customer, key=key, variables=supplied)


def _value(variable: Variable, text: str, pointer: str, faults: Faults) -> object:
    if not is_unicode(text):
        faults.add(pointer, "not_unicode", "This is not valid UTF-8.")
        return None
    try:
        value = variables.read(variable, text)
    except RuleError as error:
        faults.add(pointer, error.code, error.message)
        return None
    check_data(value, pointer, faults)
    return value

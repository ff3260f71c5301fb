"""Rows of decision tables that can never match, as an earlier one matches whatever they would (§5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..documents.problems import Pointer, Report, child
from ..model import Decide, Flow
from ..tables import AnyOf, Cell, Compare, Equal, Within, compares_all, matches


def check_tables(flow: Flow, report: Report) -> None:
    """Of tables that take the first row; with `hit: all` every row that matches counts."""
    for id, step in flow.steps.items():
        if isinstance(step, Decide) and not step.hit_all:
            for row, earlier in _hidden_rows(step):
                place: Pointer = child(child(child("/steps", id), "rows"), row)
                message = f"Row {earlier + 1} matches whatever row {row + 1} would match."
                report.add("row_never_matches", place, message)


def _hidden_rows(step: Decide) -> Iterator[tuple[int, int]]:
    for index, row in enumerate(step.rows):
        for earlier in range(index):
            if _covers_row(step.rows[earlier].cells, row.cells):
                yield index, earlier
                break


def _covers_row(wide: Mapping[str, Cell], narrow: Mapping[str, Cell]) -> bool:
    return all(name in narrow and covers(cell, narrow[name]) for name, cell in wide.items())


def covers(wide: Cell, narrow: Cell) -> bool:
    """Whether every input that matches `narrow` is sure to match `wide`; False where it cannot be said."""
    if wide == narrow:
        return True
    match wide, narrow:
        case _, AnyOf():
            return all(covers(wide, one) for one in narrow.cells)
        case AnyOf(), _:
            return any(covers(one, narrow) for one in wide.cells)
        case Equal() | Compare() | Within(), Equal(negated=False):
            return matches(wide, narrow.operand, {})
        case Equal(negated=True), Compare() | Within():
            return not matches(narrow, wide.operand, {})
        case Compare(), Compare():
            return compares_all(wide, narrow)
        case Compare(), Within():
            return compares_all(wide, narrow.lowest) or compares_all(wide, narrow.highest)
        case Within(), Within():
            return compares_all(wide.lowest, narrow.lowest) and compares_all(wide.highest, narrow.highest)
        case _:
            return False

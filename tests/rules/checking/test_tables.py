"""Rows of decision tables that an earlier row hides."""

from typing import Any

import pytest

from rules.checking.tables import covers
from rules.tables import compile_cell
from rules.types import Scope
from tests.rules.checking.small_flows import problems

WIDER: list[tuple[object, object, bool]] = [
    (1, 1, True),
    (1, 2, False),
    ([1, 2], 1, True),
    ([1, 2], [2, 1], True),
    ([1, 2], [2, 3], False),
    (">= 3", 3, True),
    ("> 3", 3, False),
    ("> 3", "> 3", True),
    (">= 3", "> 3", True),
    ("> 3", ">= 3", False),
    ("> 3", ">= 4", True),
    ("< 3", "<= 2", True),
    ("<= 2", "< 3", False),
    ("> 3", "< 5", False),
    ("> 3", "> b", False),
    ("[1..5]", "[2..4]", True),
    ("[1..5]", "(1..5)", True),
    ("(1..5)", "[1..5]", False),
    ("[1..5]", "> 2", False),
    ("> 0", "[1..5]", True),
    ("< 9", "[1..5]", True),
    ("> 3", "[1..5]", False),
    ("[1..5]", 5, True),
    ("[1..5)", 5, False),
    ("!= 1", 2, True),
    ("!= 1", 1, False),
    ("!= 1", "> 3", True),
    ("!= 4", "[1..5]", False),
    ("!= 1", "!= 1", True),
    ("!= 1", "!= 2", False),
    ([1, "> 5"], "> 6", True),
    (None, None, True),
    (None, False, False),
    ("=value > 3", 4, False),
    (4, "=value > 3", False),
]


@pytest.mark.parametrize(("wide", "narrow", "expected"), WIDER)
def test_what_one_cell_matches_of_another(wide: object, narrow: object, *, expected: bool) -> None:
    scope = Scope({})
    assert covers(compile_cell(wide, scope), compile_cell(narrow, scope)) is expected


TABLES: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("rows of their own", [{"if": {"x": 1}}, {"if": {"x": 2}}, {}], []),
    ("a row after one without cells", [{}, {"if": {"x": 1}}], ["/steps/a/rows/1"]),
    ("the same row twice", [{"if": {"x": 1}}, {"if": {"x": 1}}], ["/steps/a/rows/1"]),
    ("a narrower row later", [{"if": {"x": "> 1"}}, {"if": {"x": "> 2", "y": 1}}], ["/steps/a/rows/1"]),
    ("a narrower row before", [{"if": {"x": "> 2", "y": 1}}, {"if": {"x": "> 1"}}], []),
    ("a row that asks for less", [{"if": {"x": 1, "y": 1}}, {"if": {"x": 1}}], []),
    (
        "several rows behind one",
        [{"if": {"x": 1}}, {}, {"if": {"x": 2}}, {}],
        ["/steps/a/rows/2", "/steps/a/rows/3"],
    ),
]


@pytest.mark.parametrize(("what", "rows", "expected"), TABLES, ids=[each[0] for each in TABLES])
def test_rows_that_never_match(what: str, rows: list[dict[str, Any]], expected: list[str]) -> None:
    table = {"type": "decide", "inputs": {"x": 1, "y": 2}, "rows": rows}
    assert problems({"a": table}) == [("row_never_matches", place) for place in expected], what


def test_with_all_hits_every_row_counts() -> None:
    table = {"type": "decide", "hit": "all", "inputs": {"x": 1}, "rows": [{}, {"if": {"x": 1}}]}
    assert problems({"a": table}) == []

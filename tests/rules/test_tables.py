"""Cells of decision tables: every form, and values of another kind (flow format §5.2)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rules.errors import RuleError
from rules.tables import compile_cell, matches
from rules.types import Scope, Type

SCOPE = Scope({"vars": {"low": Type.DOUBLE}})
CONTEXT = {"vars": {"low": 5.0}}
TIME = datetime(2026, 3, 1, tzinfo=UTC)

CELLS = [
    ("gold", "gold", True),
    ("gold", "Gold", False),
    (" gold ", "gold", True),
    ('"gold"', "gold", True),
    ('"1"', "1", True),
    ('"1"', 1, False),
    ("1", 1, True),
    ("1", 1.0, True),
    ("1", "1", False),
    ("1.5", 1.5, True),
    (1, 1.0, True),
    (1, True, False),
    (True, True, True),
    (True, 1, False),
    ("true", True, True),
    ("true", "true", False),
    ("null", None, True),
    (None, None, True),
    (None, False, False),
    ("", "", True),
    ("==x", "=x", True),
    ("< 5", 4.9, True),
    ("<5", 5, False),
    ("<= 5", 5, True),
    ("> 5", 5, False),
    (">= 5", 5, True),
    (">= 5", True, False),
    (">= 5", "6", False),
    ("!= 5", 5, False),
    ("!= 5", "5", True),
    ("!= null", None, False),
    ("!= null", 0, True),
    ("!= gold", "silver", True),
    ("> m", "n", True),
    ("[1..5]", 1, True),
    ("[1..5]", 5, True),
    ("(1..5)", 1, False),
    ("(1..5)", 5, False),
    ("(1..5]", 5, True),
    ("[1..5)", 5, False),
    ("[a..c]", "b", True),
    ("[1..5]", None, False),
    (">= 2026-01-01", "2026-03-01", True),
    (">= 2026-01-01T00:00:00Z", TIME, True),
    (">= 2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", True),
    ("< 2026-01-01T00:00:00Z", "no time", False),
    (["gold", "> 10", 3], "gold", True),
    (["gold", "> 10", 3], 11, True),
    (["gold", "> 10", 3], 3, True),
    (["gold", "> 10", 3], 4, False),
    ("=value > vars.low", 6.0, True),
    ("=value > vars.low", 5.0, False),
    ("=value in ['a', 'b']", "b", True),
]


@pytest.mark.parametrize(("cell", "value", "result"), CELLS)
def test_cell(cell: object, value: object, result: bool) -> None:
    assert matches(compile_cell(cell, SCOPE), value, CONTEXT) is result


BAD = [[], {}, "[5..1]", "[1..a]", "> null", "< true", "=value >", "=nope > 1", ["=nope"]]


@pytest.mark.parametrize("cell", BAD, ids=str)
def test_a_cell_that_cannot_match_or_be_read_is_refused(cell: object) -> None:
    with pytest.raises(RuleError):
        compile_cell(cell, SCOPE)

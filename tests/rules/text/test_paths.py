"""Dotted names in scopes and contexts."""

from collections import UserDict

import pytest

from rules.errors import ExpressionError
from rules.text.paths import Segment, check_path, look_up
from rules.types import Scope, Type

SCOPE = Scope(
    {
        "vars": {"name": Type.STRING, "n": Type.INT, "list": Type.LIST, "any": Type.DYN, "o": Type.OBJECT},
        "event": {"data": Type.DYN},
        "now": Type.TIMESTAMP,
    }
)


@pytest.mark.parametrize(
    ("path", "reads"),
    [
        (["vars", "name"], "vars.name"),
        (["vars"], "vars"),
        (["now"], "now"),
        (["vars", "name", "size"], "vars.name"),
        (["vars", "list", 0, "a"], "vars.list"),
        (["vars", "list", "first", "a"], "vars.list"),
        (["event", "data", "a", "b"], "event.data.a.b"),
        (["event", "data", "a", None, "b"], "event.data.a"),
        (["event", "data", 0, "b"], "event.data"),
        (["vars", None], "vars"),
        (["vars", "o", "x"], "vars.o.x"),
    ],
)
def test_reads(path: list[Segment], reads: str) -> None:
    assert check_path(path, SCOPE, 0) == reads


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (["varz", "name"], 'Did you mean "vars"'),
        (["vars", "nmae"], 'Did you mean "vars.name"'),
        (["vars", "qqqq"], '"vars.qqqq"'),
        (["vars", "name", "first"], 'has no "first"'),
        (["vars", "n", "size"], 'has no "size"'),
        (["vars", "list", "name"], 'has no "name"'),
        (["now", "year"], 'has no "year"'),
        (["vars", 0], '"vars.0"'),
    ],
)
def test_unknown_names_are_refused(path: list[Segment], message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        check_path(path, SCOPE, 7)
    assert (caught.value.code, caught.value.offset) == ("unknown_name", 7)


CONTEXT = {"a": {"b": [10, 20], "s": "text", "size": 3, "n": None}, "lazy": UserDict({"x": 1})}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["a", "b", 0], 10),
        (["a", "b", -1], 20),
        (["a", "b", 2], None),
        (["a", "b", -3], None),
        (["a", "b", "first"], 10),
        (["a", "b", "last"], 20),
        (["a", "b", "size"], 2),
        (["a", "b", "x"], None),
        (["a", "s", "size"], 4),
        (["a", "s", 0], None),
        (["a", "size"], 3),
        (["lazy", "size"], 1),
        (["lazy", "x"], 1),
        (["a", "n", "x"], None),
        (["missing", "x"], None),
        (["a", "s", "__class__"], None),
        (["a", "b", 0, "real"], None),
    ],
)
def test_looks_up(path: list[str | int], value: object) -> None:
    assert look_up(CONTEXT, path) == value


@pytest.mark.parametrize("word", ["first", "last"])
def test_empty_list_has_no_ends(word: str) -> None:
    assert look_up({"a": []}, ["a", word]) is None

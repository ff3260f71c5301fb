"""How values are printed."""

from collections import UserDict
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rules.errors import EvaluationError
from rules.text.printing import text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("Mere", "Mere"),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (5.0, "5"),
        (-0.0, "0"),
        (5.25, "5.25"),
        (0.1 + 0.2, "0.30000000000000004"),
        (2.0**53 - 1, "9007199254740991"),
        (9007199254740994.0, "9007199254740994"),
        (1e20, "1e+20"),
        (datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=13))), "2026-02-28T20:00:00.000Z"),
        ([], ""),
        (["a", 5.0, None, [1, 2.0]], "a5[1,2]"),
        ({"a": 5.0, "b": [None, True]}, '{"a":5,"b":[null,true]}'),
        (UserDict({"at": datetime(1970, 1, 1, tzinfo=UTC)}), '{"at":"1970-01-01T00:00:00.000Z"}'),
    ],
)
def test_prints(value: object, text: str) -> None:
    assert text_of(value) == text


def test_object_that_is_nested_beyond_reason_fails() -> None:
    nested: dict[str, object] = {}
    for _ in range(100_000):
        nested = {"a": nested}
    with pytest.raises(EvaluationError, match="invalid_value"):
        text_of(nested)
    while nested:  # taken apart level by level: freeing it at once would recurse as deeply
        nested = nested["a"]  # type: ignore[assignment]  # built so above

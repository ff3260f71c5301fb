"""What each filter makes of a value."""

import pytest

from rules.errors import EvaluationError
from rules.limits import FILTER_DECIMALS_MAX, FILTER_ITEMS_MAX, FILTER_NUMBER_MAX, FILTER_TEXT_CHARS_MAX
from rules.text.filters import FILTERS, check_result

PEOPLE = [{"name": "Wiremu", "age": 40}, {"name": "Aroha"}, {"name": "Mere", "age": 9.0}]

ROWS: list[tuple[str, tuple[object, ...], object]] = [
    ("default", (None, "x"), "x"),
    ("default", ("", "x"), "x"),
    ("default", (False, "x"), "x"),
    ("default", ([], "x"), "x"),
    ("default", (0, "x"), 0),
    ("default", ("a", "x"), "a"),
    ("default", (None,), ""),
    ("escape", ("<a href='x'>&</a>",), "&lt;a href=&#x27;x&#x27;&gt;&amp;&lt;/a&gt;"),
    ("upcase", ("straße",), "STRASSE"),
    ("upcase", (5.0,), "5"),
    ("downcase", ("ĀBC",), "ābc"),
    ("capitalize", ("kia ORA",), "Kia ora"),
    ("strip", (" a \n",), "a"),
    ("truncate", ("Kia ora koutou", 10), "Kia ora..."),
    ("truncate", ("Kia ora", 7), "Kia ora"),
    ("truncate", ("Kia ora koutou", 5, "…"), "Kia …"),
    ("truncate", ("Kia ora koutou", 2), "..."),
    ("append", ("a", 5.0), "a5"),
    ("prepend", ("a", "b"), "ba"),
    ("replace", ("a-b-c", "-", "+"), "a+b+c"),
    ("replace", ("a-b", "-"), "ab"),
    ("replace", ("abc", "", "x"), "abc"),
    ("join", (["a", 5.0, None], ", "), "a, 5, "),
    ("join", (["a", "b"],), "a b"),
    ("join", (None, ","), ""),
    ("join", ("a", ","), "a"),
    ("split", ("a,b,c", ","), ["a", "b", "c"]),
    ("split", ("a b",), ["a", "b"]),
    ("split", ("abc", ""), ["a", "b", "c"]),
    ("split", ("", ","), []),
    ("first", ([1, 2],), 1),
    ("first", ([],), None),
    ("first", ("ab",), None),
    ("last", ([1, 2],), 2),
    ("last", (None,), None),
    ("size", ("āb",), 2),
    ("size", ([1],), 1),
    ("size", ({"a": 1},), 1),
    ("size", (5,), 0),
    ("map", (PEOPLE, "name"), ["Wiremu", "Aroha", "Mere"]),
    ("map", (["a"], "name"), [None]),
    ("sort", ([3, 1.5, 2],), [1.5, 2, 3]),
    ("sort", (["b", None, "a"],), ["a", "b", None]),
    ("sort", (PEOPLE, "age"), [PEOPLE[2], PEOPLE[0], PEOPLE[1]]),
    ("uniq", ([1, 2, 1, "1", 2],), [1, 2, "1"]),
    ("uniq", ([{"a": 1, "b": 2}, {"a": 1}], "a"), [{"a": 1, "b": 2}]),
    ("plus", (1, 2), 3),
    ("plus", ("1.5", 1), 2.5),
    ("plus", (None, 1), 1),
    ("plus", (0.1, 0.2), 0.3),
    ("minus", (5.0, 2), 3),
    ("times", (3, 0.5), 1.5),
    ("divided_by", (7, 2), 3.5),
    ("divided_by", (6, 2), 3),
    ("modulo", (7, 3), 1),
    ("modulo", (-7, 3), 2),
    ("modulo", (7, -3), -2),
    ("modulo", (5.5, 2), 1.5),
    ("round", (2.5,), 3),
    ("round", (-2.5,), -3),
    ("round", (1.005, 2), 1.01),
    ("round", (1234.567, 1), 1234.6),
    ("abs", (-5.0,), 5),
    ("abs", ("-2.5",), 2.5),
]


@pytest.mark.parametrize(("name", "arguments", "result"), ROWS)
def test_filter(name: str, arguments: tuple[object, ...], result: object) -> None:
    given = FILTERS[name](*arguments)
    assert given == result
    assert type(given) is type(result)


def test_every_filter_is_in_the_table() -> None:
    assert {name for name, _, _ in ROWS} == set(FILTERS)


def test_false_may_be_kept_by_default() -> None:
    assert FILTERS["default"](False, "x", allow_false=True) is False


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("plus", ("a", 1), "type_mismatch"),
        ("plus", (True, 1), "type_mismatch"),
        ("plus", ([], 1), "type_mismatch"),
        ("plus", ("nan", 1), "type_mismatch"),
        ("plus", (float("inf"), 1), "type_mismatch"),
        ("plus", ("1" * 65, 1), "type_mismatch"),
        ("plus", ("1e999999999", 1), "out_of_range"),
        ("plus", (FILTER_NUMBER_MAX, 1), "out_of_range"),
        ("times", (FILTER_NUMBER_MAX, FILTER_NUMBER_MAX), "out_of_range"),
        ("divided_by", (1, 0), "division_by_zero"),
        ("modulo", (1, 0.0), "division_by_zero"),
        ("round", (1.5, FILTER_DECIMALS_MAX + 1), "invalid_value"),
        ("round", (1.5, -1), "invalid_value"),
        ("truncate", ("abc", "x"), "type_mismatch"),
        ("truncate", ("abc", 1.5), "invalid_value"),
        ("sort", ([1, "a"],), "type_mismatch"),
        ("sort", ([{"a": 1}, {"a": 2}],), "type_mismatch"),
        ("join", ([0] * (FILTER_ITEMS_MAX + 1),), "too_long"),
        ("join", (["x" * 100] * 100,), "too_long"),
        ("replace", ("aaa", "a", "b" * FILTER_TEXT_CHARS_MAX), "too_long"),
    ],
)
def test_filter_fails(name: str, arguments: tuple[object, ...], code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        FILTERS[name](*arguments)
    assert caught.value.code == code


def test_results_are_bounded_at_the_limit() -> None:
    assert FILTERS["plus"](FILTER_NUMBER_MAX, 0) == FILTER_NUMBER_MAX
    assert FILTERS["round"](0.5, FILTER_DECIMALS_MAX) == 0.5
    text, items = "x" * FILTER_TEXT_CHARS_MAX, [0] * FILTER_ITEMS_MAX
    assert check_result(text) is text
    assert check_result(items) is items
    with pytest.raises(EvaluationError, match="too_long"):
        check_result(text + "x")
    with pytest.raises(EvaluationError, match="too_long"):
        check_result([*items, 0])


def test_split_gives_no_more_than_a_list_may_have() -> None:
    assert len(FILTERS["split"]("a," * 5000, ",")) == FILTER_ITEMS_MAX + 1  # type: ignore[arg-type]  # a list

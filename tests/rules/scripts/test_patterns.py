"""What a value must look like, and where it does not: a table of patterns beside values."""

from __future__ import annotations

import pytest

from rules.compiling.sources import Sources
from rules.documents.problems import Positions, Report
from rules.limits import SHOWN_VALUE_CHARS_MAX
from rules.scripts.misses import MISSING, misses, nearest_of, told
from rules.scripts.patterns import MATCHERS, Pattern, compile_pattern


def pattern_of(raw: object) -> Pattern:
    report = Report(Positions())
    pattern = compile_pattern(raw, Sources(report), "/x")
    assert report.problems() == ()
    return pattern


def problems_of(raw: object) -> list[tuple[str, str]]:
    report = Report(Positions())
    compile_pattern(raw, Sources(report), "/x")
    return [(problem.code, problem.pointer) for problem in report.problems()]


FITS: list[tuple[object, object]] = [
    ("a", "a"),
    (5, 5.0),
    (None, None),
    (True, True),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({}, {"b": 2}),
    ({"a": None}, {}),
    ([1, {"a": 1}], [1, {"a": 1, "b": 2}]),
    ("2026-03-01T09:00:00+13:00", "2026-02-28T20:00:00.000Z"),
    ("=value > 3", 4),
    ("=value.startsWith('P') && now > timestamp('2000-01-01T00:00:00Z')", "P-7"),
    ("==a", "=a"),
    ({"$any": True}, 0),
    ({"$any": "text"}, ""),
    ({"$any": "number"}, 1.5),
    ({"$any": "boolean"}, False),
    ({"$any": "list"}, []),
    ({"$any": "object"}, {}),
    ({"$any": "time"}, "2026-02-28T20:00:00Z"),
    ({"a": {"$absent": True}}, {"b": 1}),
    ({"a": {"$absent": True}}, {"a": None}),
    ({"a": {"$absent": False}}, {"a": 0}),
    ({"$contains": "b"}, "abc"),
    ({"$contains": {"a": 1}}, [{"a": 2}, {"a": 1, "b": 2}]),
    ({"$matches": "^P-[0-9]+$"}, "P-77"),
    ({"$matches": 'a"b'}, 'xa"bx'),
    ({"$one_of": [1, {"a": 1}]}, {"a": 1}),
    ({"$all": [{"$contains": "a"}, {"$contains": "b"}]}, "ab"),
    ({"$not": {"$contains": "z"}}, "ab"),
    ({"$size": 2}, [1, 2]),
    ({"$size": "=value > 1"}, "ab"),
    ({"$exactly": {"a": 1}}, {"a": 1}),
    ({"$exactly": [1]}, [1]),
]
DIFFERS: list[tuple[object, object, str]] = [
    ("a", "b", ""),
    (1, True, ""),
    (True, 1, ""),
    (None, 0, ""),
    ({"a": 1}, {"a": 2}, "a"),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b[1]"),
    ({"a": 1}, {}, "a"),
    ({"a": 1}, "text", ""),
    ([1], [1, 2], ""),
    ("2026-03-01T09:00:00Z", "2026-03-01T09:00:01Z", ""),
    ("=value > 3", 3, ""),
    ("=value > 3", "text", ""),
    ("=value > 3", {}, ""),
    ({"$any": True}, None, ""),
    ({"$any": "text"}, 1, ""),
    ({"$any": "number"}, True, ""),
    ({"$any": "time"}, "soon", ""),
    ({"a": {"$absent": True}}, {"a": 0}, "a"),
    ({"a": {"$any": True}}, {}, "a"),
    ({"a": "=value > 1"}, {}, "a"),
    ({"$contains": "z"}, "abc", ""),
    ({"$contains": 1}, "1", ""),
    ({"$contains": {"a": 1}}, [{"a": 2}], "[0].a"),
    ({"$contains": 1}, [], ""),
    ({"$contains": 1}, {"a": 1}, ""),
    ({"$matches": "^P-[0-9]+$"}, "Q-1", ""),
    ({"$one_of": [1, 2]}, 3, ""),
    ({"$all": [{"$contains": "a"}, {"$contains": "z"}]}, "ab", ""),
    ({"$not": "a"}, "a", ""),
    ({"$size": 2}, [1], "size of it"),
    ({"a": {"$size": 2}}, {"a": "x"}, "size of a"),
    ({"$size": 2}, 5, ""),
    ({"$exactly": {"a": 1}}, {"a": 1, "b": 2}, "b"),
]


@pytest.mark.parametrize(("raw", "value"), FITS, ids=str)
def test_a_value_that_looks_like_that_has_no_misses(raw: object, value: object) -> None:
    assert misses(pattern_of(raw), value, context()) == []


@pytest.mark.parametrize(("raw", "value", "path"), DIFFERS, ids=str)
def test_a_value_that_differs_is_missed_where_it_differs(raw: object, value: object, path: str) -> None:
    missed = misses(pattern_of(raw), value, context())
    assert [miss.path for miss in missed] == [path]
    assert told(missed[0]).expected != told(missed[0]).actual


def context() -> dict[str, object]:
    from rules.calendar.times import to_datetime

    return {"now": to_datetime(1_770_000_000_000)}


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"$contain": 1}, ("bad_matcher", "/x/$contain")),
        ({"$any": "thing"}, ("bad_matcher", "/x/$any")),
        ({"$any": True, "a": 1}, ("bad_matcher", "/x")),
        ({"$one_of": []}, ("bad_matcher", "/x/$one_of")),
        ({"$all": 5}, ("bad_matcher", "/x/$all")),
        ({"$matches": 5}, ("bad_matcher", "/x/$matches")),
        ({"a": [1, {"$nope": 1}]}, ("bad_matcher", "/x/a/1/$nope")),
        ("=value >", ("syntax_error", "/x")),
        ("=valu > 3", ("unknown_name", "/x")),
        ("='text'", ("not_a_condition", "/x")),
    ],
)
def test_a_wrong_pattern_is_told_where_it_stands(raw: object, problem: tuple[str, str]) -> None:
    assert problems_of(raw) == [problem]


def test_a_pattern_that_is_no_re2_is_told() -> None:
    ((code, pointer),) = problems_of({"$matches": "(a"})
    assert (code, pointer) == ("bad_pattern", "/x/$matches")


def test_every_matcher_is_described_in_words() -> None:
    raws: dict[str, object] = {
        "$any": True,
        "$absent": True,
        "$contains": 1,
        "$matches": "a",
        "$one_of": [1, 2],
        "$all": [1, 2],
        "$not": 1,
        "$size": 1,
        "$exactly": {"a": 1},
    }
    assert raws.keys() == MATCHERS.keys()
    from rules.scripts.misses import described

    assert {name: described(pattern_of({name: raw})) for name, raw in raws.items()} == {
        "$any": "anything",
        "$absent": "nothing",
        "$contains": "something with 1 in it",
        "$matches": '= value.matches("a")',
        "$one_of": "1 or 2",
        "$all": "1 and 2",
        "$not": "not 1",
        "$size": "1 long",
        "$exactly": "exactly {a: 1}",
    }


def test_a_missing_field_names_the_nearest_that_is_there() -> None:
    (miss,) = misses(pattern_of({"colour": "red"}), {"color": "red"}, {})
    assert told(miss).actual == 'nothing. Did you mean "color"?'


def test_a_condition_that_fails_says_why() -> None:
    (miss,) = misses(pattern_of("=value.a > 3"), {"b": 1}, {})
    assert "a" in told(miss).actual.partition("(")[2]


def test_long_values_are_shortened() -> None:
    (miss,) = misses(pattern_of("a"), "b" * 1_000, {})
    assert len(told(miss).actual) == SHOWN_VALUE_CHARS_MAX + 1


def test_the_nearest_of_several_differs_least_and_is_the_newest_of_equals() -> None:
    pattern = pattern_of({"a": 1, "b": 1})
    values = [{"a": 2, "b": 2}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, {}]
    found = nearest_of(pattern, values, {})
    assert found is not None
    assert (found[0], [miss.path for miss in found[1]]) == (2, ["a"])
    assert nearest_of(pattern, [], {}) is None


def test_what_is_missing_is_no_value_of_its_own() -> None:
    assert misses(pattern_of(None), MISSING, {}) == []
    assert misses(pattern_of({"a": 1}), MISSING, {}) != []

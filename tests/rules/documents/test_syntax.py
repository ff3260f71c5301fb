import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.documents.syntax import parse
from rules.limits import DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, DOCUMENT_NODE_COUNT_MAX


def found(text: str | bytes, type: str = "yaml") -> list[tuple[str, str, int | None, int | None]]:
    _, report = parse(text, type=type)
    return [(each.code, each.pointer, each.line, each.column) for each in report.problems()]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("on: yes", {"on": "yes"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 2026-03-01", {"a": "2026-03-01"}),
        ("a: [1, -2, 0x1F, 0o17, 1.5, .5, 1e3, +3]", {"a": [1, -2, 31, 15, 1.5, 0.5, 1000.0, 3]}),
        ("a: [true, True, false, null, ~, '']", {"a": [True, True, False, None, None, ""]}),
        ("a:", {"a": None}),
        ("a: '1'", {"a": "1"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("", None),
        (b"\xef\xbb\xbfa: 1", {"a": 1}),
    ],
)
def test_yaml_follows_the_core_schema_of_1_2(text: str | bytes, data: object) -> None:
    assert parse(text, type="yaml")[0] == data
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &b 1", ("not_plain", "/a", 1, 4)),
        ("a: *b", ("not_plain", "/a", 1, 4)),
        ("a: !!str 1", ("not_plain", "/a", 1, 4)),
        ("a: 1\n---\nb: 1", ("not_plain", "", 2, 1)),
        ("b:\n  c: d\n  c: e\n", ("duplicate_key", "/b/c", 2, 6)),
        ("1: 2", ("bad_key", "", 1, 1)),
        ("true: 2", ("bad_key", "", 1, 1)),
        ("[a]: 1", ("bad_key", "", 1, 1)),
        ("a: .nan", ("bad_number", "/a", 1, 4)),
        ("a: -.inf", ("bad_number", "/a", 1, 4)),
        ("a: 1e999", ("bad_number", "/a", 1, 4)),
        ("a: 9007199254740993", ("bad_number", "/a", 1, 4)),
        ("a: " + "9" * 5000, ("bad_number", "/a", 1, 4)),
        ('a: "\\ud800"', ("bad_text", "/a", 1, 4)),
        ("a: [", ("bad_yaml", "", 1, 5)),
        ("a:\n\tb: 1", ("bad_yaml", "", 2, 1)),
        ("ab\ncd\x00", ("bad_yaml", "", 2, 3)),
        (b"\xff", ("bad_encoding", "", None, None)),
    ],
)
def test_yaml_that_is_not_plain_is_refused_where_it_stands(
    text: str | bytes, problem: tuple[str, str, int | None, int | None]
) -> None:
    assert found(text) == [problem]


@pytest.mark.parametrize(
    ("text", "code", "pointer"),
    [
        ('{"a":1,"a":2}', "duplicate_key", "/a"),
        ('{"a":{"b":[{"c":1,"c":2}]}}', "duplicate_key", "/a/b/0/c"),
        ('{"a":NaN}', "bad_number", "/a"),
        ('{"a":[-Infinity]}', "bad_number", "/a/0"),
        ('{"a":1e999}', "bad_number", "/a"),
        ('{"a":9007199254740993}', "bad_number", "/a"),
        ("1" * 5000, "bad_number", ""),
        ('{"a":"\\ud800"}', "bad_text", "/a"),
        ("", "bad_json", ""),
        ("[1", "bad_json", ""),
        ("[" * 100_000, "too_deep", ""),
    ],
)
def test_json_is_held_to_the_same(text: str, code: str, pointer: str) -> None:
    assert [(each[0], each[1]) for each in found(text, "json")] == [(code, pointer)]


def test_positions_are_those_of_values_and_keys() -> None:
    _, report = parse("steps:\n  a:\n    next: 'b'\n  c: {x: 1}\n- x", type="yaml")
    assert report.has_errors  # the last line is no YAML; what came before has its place
    _, report = parse("steps:\n  a:\n    next: 'b'\n  c: {x: 1}\n", type="yaml")
    positions = report.positions
    assert positions.find("/steps/a") == (2, 3)
    assert positions.find("/steps/a/next") == (3, 11)
    assert positions.texts["/steps/a/next"] == (3, 12)
    assert positions.find("/steps/c") == (4, 6)
    assert positions.find("/steps/c/x", at_key=True) == (4, 7)


@pytest.mark.parametrize(
    ("depth", "codes"), [(DOCUMENT_DEPTH_MAX, []), (DOCUMENT_DEPTH_MAX + 1, ["too_deep"])]
)
@pytest.mark.parametrize("type", ["yaml", "json"])
def test_nesting_ends_at_its_limit(type: str, depth: int, codes: list[str]) -> None:
    text = "[" * depth + "1" + "]" * depth
    assert [each[0] for each in found(text, type)] == codes


@pytest.mark.parametrize("text", ["[" * 200_000, "{" * 200_000, "- " * 100_000, "? " * 100_000])
def test_hostile_nesting_ends_at_once(text: str) -> None:
    assert found(text)[0][0] in ("too_deep", "bad_key")


def test_size_ends_at_its_limit() -> None:
    assert found("#" * DOCUMENT_BYTES_MAX, "json")[0][0] == "bad_json"
    assert found("#" * (DOCUMENT_BYTES_MAX + 1), "json")[0][0] == "too_large"
    assert found("é" * (DOCUMENT_BYTES_MAX // 2 + 1), "json")[0][0] == "too_large"


def test_the_number_of_values_ends_at_its_limit() -> None:
    fitting = json.dumps([0] * (DOCUMENT_NODE_COUNT_MAX - 1))
    assert found(fitting, "json") == []
    assert [each[0] for each in found("[0," + fitting[1:], "json")] == ["too_large"]


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_json_comes_back_as_it_was(data: object) -> None:
    assert parse(json.dumps(data), type="json")[0] == data


@given(plain)
def test_json_is_yaml_too_unless_yaml_lacks_the_character(data: object) -> None:
    read, report = parse(json.dumps(data), type="yaml")
    assert report.has_errors or read == data


@given(st.text() | st.text(alphabet="ab:-[]{}&*!|>'\"#?,% \n\t~<"))
def test_no_text_makes_the_readers_fail(text: str) -> None:
    for type in ("yaml", "json"):
        parse(text, type=type)


@given(st.binary())
def test_no_bytes_make_the_readers_fail(text: bytes) -> None:
    for type in ("yaml", "json"):
        parse(text, type=type)

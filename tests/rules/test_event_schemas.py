"""Event schemas: which are taken, what they find, and what they let expressions know."""

from typing import Any

import pytest

from rules.errors import RuleError
from rules.event_schemas import compile_schema
from rules.limits import EVENT_FAULTS_MAX
from rules.types import Shape, Type

PAID = {
    "type": "object",
    "properties": {
        "total": {"type": "number", "minimum": 0},
        "lines": {"type": "array", "items": {"type": "object", "required": ["sku"]}},
    },
    "required": ["total"],
}

FITS: list[tuple[dict[str, Any], list[str]]] = [
    ({"total": 3}, []),
    ({"total": 3.5, "lines": [{"sku": "a"}], "more": True}, []),
    ({}, [""]),
    ({"total": -1}, ["/total"]),
    ({"total": "3"}, ["/total"]),
    ({"total": 1, "lines": [{"sku": "a"}, {}]}, ["/lines/1"]),
    ({"total": True, "lines": 5}, ["/lines", "/total"]),
]


@pytest.mark.parametrize(("data", "places"), FITS)
def test_what_is_wrong_has_a_place(data: dict[str, Any], places: list[str]) -> None:
    assert sorted(pointer for pointer, _ in compile_schema(PAID).faults(data)) == places


def test_names_in_places_are_escaped() -> None:
    schema = compile_schema({"properties": {"a/b": {"type": "string"}}})
    assert [pointer for pointer, _ in schema.faults({"a/b": 1})] == ["/a~1b"]


def test_only_so_many_faults_are_told() -> None:
    schema = compile_schema({"properties": {"list": {"items": {"type": "string"}}}})
    assert len(schema.faults({"list": [1] * EVENT_FAULTS_MAX})) == EVENT_FAULTS_MAX
    assert len(schema.faults({"list": [1] * (EVENT_FAULTS_MAX + 1)})) == EVENT_FAULTS_MAX


def test_formats_count() -> None:
    schema = compile_schema({"properties": {"due": {"type": "string", "format": "date-time"}}})
    assert schema.faults({"due": "2026-03-01T09:00:00Z"}) == []
    assert [pointer for pointer, _ in schema.faults({"due": "tomorrow"})] == ["/due"]


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("no type of that name", {"type": "text"}),
    ("no schema", {"properties": {"a": 5}}),
    ("another dialect", {"$schema": "http://json-schema.org/draft-07/schema#"}),
    ("a reference to elsewhere", {"$ref": "https://example.org/schema.json"}),
    ("a reference to a file", {"$ref": "file:///etc/passwd"}),
    ("a reference to nothing", {"$ref": "#/$defs/none"}),
    ("a pattern that looks back", {"properties": {"a": {"pattern": r"(a)\1"}}}),
    ("a pattern that grows beyond bounds", {"properties": {"a": {"pattern": "(?:a{1000}){1000}"}}}),
]


@pytest.mark.parametrize("schema", [each[1] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_what_is_no_schema_here(schema: dict[str, Any]) -> None:
    with pytest.raises(RuleError) as refused:
        compile_schema(schema)
    assert refused.value.code == "bad_schema"


def test_a_schema_may_refer_to_itself() -> None:
    schema = compile_schema({"$defs": {"n": {"type": "number"}}, "properties": {"a": {"$ref": "#/$defs/n"}}})
    assert [pointer for pointer, _ in schema.faults({"a": "x"})] == ["/a"]


CLOSED = {"type": "object", "additionalProperties": False}
SHAPES: list[tuple[str, dict[str, Any], Shape]] = [
    ("an open object may have more", PAID, Type.DYN),
    (
        "a closed one is a record",
        {
            **CLOSED,
            "properties": {
                "s": {"type": "string"},
                "n": {"type": "integer"},
                "b": {"type": "boolean"},
                "l": {"type": "array"},
                "t": {"type": "string", "format": "date-time"},
                "o": {"type": "object"},
                "r": {**CLOSED, "properties": {"x": {"type": "number"}}},
                "any": True,
                "maybe": {"type": ["string", "null"]},
            },
        },
        {
            "s": Type.STRING,
            "n": Type.DOUBLE,
            "b": Type.BOOL,
            "l": Type.LIST,
            "t": Type.DYN,
            "o": Type.DYN,
            "r": {"x": Type.DOUBLE},
            "any": Type.DYN,
            "maybe": Type.DYN,
        },
    ),
]


@pytest.mark.parametrize(("what", "schema", "shape"), SHAPES, ids=[each[0] for each in SHAPES])
def test_what_expressions_may_know(what: str, schema: dict[str, Any], shape: Shape) -> None:
    assert compile_schema(schema).shape == shape, what

"""Event schemas: JSON Schema (draft 2020-12) that the `data` of an event by that name must satisfy.

Schemas are closed worlds: they refer to nothing outside themselves, and their patterns match in linear time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import jsonschema_rs

from .documents.problems import Pointer, child
from .errors import RuleError
from .limits import EVENT_FAULTS_MAX, SCHEMA_PATTERN_BYTES_MAX
from .types import Shape, Type

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PATTERNS: Final = jsonschema_rs.RegexOptions(size_limit=SCHEMA_PATTERN_BYTES_MAX)
_TYPES: Final[Mapping[str, Type]] = {
    "string": Type.STRING,
    "number": Type.DOUBLE,
    "integer": Type.DOUBLE,
    "boolean": Type.BOOL,
    "array": Type.LIST,
}
"""Numbers of untyped data are doubles in expressions, whole or not (flow format §6)."""


@dataclass(frozen=True, slots=True)
class EventSchema:
    """`shape` is what expressions may read of `event.data`."""

    shape: Shape
    _validator: jsonschema_rs.Draft202012Validator

    def faults(self, data: Mapping[str, object]) -> list[tuple[Pointer, str]]:
        """What is wrong with the data of an event, each with its place in the data; none if it fits."""
        if self._validator.is_valid(data):
            return []
        return list(self._faults(data))

    def _faults(self, data: Mapping[str, object]) -> Iterator[tuple[Pointer, str]]:
        for number, error in enumerate(self._validator.iter_errors(data)):
            if number == EVENT_FAULTS_MAX:
                return
            pointer = ""
            for token in error.instance_path:
                pointer = child(pointer, token)
            yield pointer, error.message[:500]


def compile_schema(schema: Mapping[str, object]) -> EventSchema:
    """RuleError `bad_schema` for what is no schema, or one that this server does not take."""
    if schema.get("$schema", _DIALECT) != _DIALECT:
        raise RuleError("bad_schema", f'"$schema" can only be "{_DIALECT}".')
    try:
        validator = jsonschema_rs.Draft202012Validator(
            dict(schema), validate_formats=True, pattern_options=_PATTERNS, offline=True
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise RuleError("bad_schema", str(error).splitlines()[0][:500]) from None
    return EventSchema(_shape(schema), validator)


def _shape(schema: object) -> Shape:
    """The record that a closed object is; an open one may have more than its schema names."""
    if not isinstance(schema, Mapping):
        return Type.DYN
    kind = schema.get("type")
    properties = schema.get("properties", {})
    if kind == "object" and schema.get("additionalProperties") is False and isinstance(properties, Mapping):
        return {str(name): _shape(each) for name, each in properties.items()}
    if kind == "string" and "format" in schema:
        return Type.DYN
    return _TYPES.get(kind, Type.DYN) if isinstance(kind, str) else Type.DYN

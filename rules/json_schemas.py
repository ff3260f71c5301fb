"""JSON Schemas of types, the same on every Python: descriptions are docstrings, and those differ.

From 3.13 on the compiler takes their indentation away.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import msgspec


def schema_of(type: type[msgspec.Struct]) -> dict[str, Any]:
    """One schema that holds what it refers to."""
    schema: dict[str, Any] = _cleaned(msgspec.json.schema(type))
    return schema


def schemas_of(
    types: Sequence[Any], *, ref_template: str
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """A schema for each type, and by name those that they refer to."""
    schemas, components = msgspec.json.schema_components(types, ref_template=ref_template)
    return _cleaned(list(schemas)), _cleaned(components)


def _cleaned(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: inspect.cleandoc(value)
            if key == "description" and isinstance(value, str)
            else _cleaned(value)
            for key, value in schema.items()
        }
    return [_cleaned(item) for item in schema] if isinstance(schema, list) else schema

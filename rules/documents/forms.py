"""The two forms of a document, YAML and JSON: from one to the other, and whether they say the same."""

from __future__ import annotations

import io

import msgspec
from ruamel.yaml import YAML

from .syntax import parse


def in_form(text: str, *, type: str, wanted: str) -> str:
    """The text of a well-formed document of `type` ("yaml" or "json"), as `wanted`; comments stay behind."""
    if type == wanted:
        return text
    data, _ = parse(text, type=type)
    return dumped(data, wanted=wanted)


def dumped(data: object, *, wanted: str) -> str:
    """The text of plain data, in their order."""
    if wanted == "json":
        return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
    out = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.dump(data, out)
    return out.getvalue()


def is_equal(one: object, other: object) -> bool:
    """Whether two documents, or parts of them, say the same: `true` is not 1, and keys have no order."""
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")

"""The page about cards: current, complete, and what it shows fits the schemas and can be answered."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import msgspec
import pytest

from rules.cards import view_types
from rules.cards.page import page
from rules.cards.page_examples import ELEMENTS
from rules.cards.page_words import ASKED, COMMON, GIVES, MEANINGS
from rules.cards.values import INPUTS
from rules.documents.cards import Element
from rules.documents.schema import flow_schema, view_schema
from rules.documents.syntax import parse

ROOT = Path(__file__).parents[3]
KINDS = [str(kind.__struct_config__.tag) for kind in get_args(Element)]
SECTIONS = {
    part.partition("`\n")[0]: part.split("\n## ")[0]
    for part in re.split(r"\n### `", (ROOT / "docs" / "cards.md").read_text())
}


def test_the_page_is_current() -> None:
    """`python -m rules.cards.page > docs/cards.md` writes it."""
    assert (ROOT / "docs" / "cards.md").read_text() == page()


def test_every_element_has_its_section_and_every_word_is_used() -> None:
    assert list(ELEMENTS) == KINDS
    assert set(SECTIONS) >= set(KINDS)
    assert set(GIVES) == set(INPUTS)
    fields = {
        f"{tag}.{info.encode_name}"
        for kind, tag in zip(get_args(Element), KINDS, strict=True)
        for info in msgspec.structs.fields(kind)
    }
    plain = {field.partition(".")[2] for field in fields}
    assert set(MEANINGS) <= fields | plain
    assert set(COMMON) | set(ASKED) <= plain


def validator(schema: dict[str, Any], name: str) -> jsonschema_rs.Validator:
    """Of one of the types that a schema is made of."""
    return jsonschema_rs.validator_for({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})


@pytest.mark.parametrize("tag", KINDS)
def test_example_fits_the_schema_of_documents_and_what_is_sent_that_of_views(tag: str) -> None:
    written, _ = parse(ELEMENTS[tag], type="yaml")
    card = {"body": [written]}
    assert list(validator(flow_schema(), "Card").iter_errors(card)) == []
    shown = re.findall(r"```json\n(.*?)```", SECTIONS[tag], re.DOTALL)
    wire = msgspec.json.decode(shown[0])
    assert wire["type"] == tag
    view = {"title": "", "body": [wire], "subviews": {}}
    assert list(validator(view_schema(), "View").iter_errors(view)) == []
    assert not validator(view_schema(), "View").is_valid(view | {"body": [{"type": tag}]})
    typed: view_types.Element = msgspec.convert(wire, view_types.Element)
    assert msgspec.json.decode(msgspec.json.encode(typed)) == wire


def test_every_block_of_the_page_can_be_read() -> None:
    text = page()
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        msgspec.json.decode(block)
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        assert not parse(block, type="yaml")[1].has_errors

"""Metadata changed in the text of a document: the rest stays as it is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.documents.editing import with_texts
from rules.documents.syntax import parse

STEPS = "start: w\nsteps:\n    w: {type: wait,\n        until: []}   # later\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("flow: a\nname: Old # its name\n", "flow: a\nname: New # its name\n"),
        ("flow: a\nname: 'Old'\n\n# steps\n", "flow: a\nname: New\n\n# steps\n"),
        ('flow: a\nname: "Old\n  name"\n', "flow: a\nname: New\n"),
        ("flow: a\nname: Old\n  name\n", "flow: a\nname: New\n"),
        ("name: >-  # folded\n  Old\n  name\n\n# key\nflow: a\n", "name: New  # folded\n\n# key\nflow: a\n"),
        ("flow: a\nname: |\n  Old\n", "flow: a\nname: New\n"),
        ("# first\nflow: a # key\n\n", "# first\nflow: a # key\nname: New\n\n"),
        ("flow: a\r\nfolder: x\r\n", "flow: a\r\nname: New\r\nfolder: x\r\n"),
        ("? flow\n: a\n", "? flow\n: a\nname: New\n"),
        ("\ufeffflow: a\n", "\ufeffflow: a\nname: New\n"),
    ],
)
def test_only_the_value_is_written_anew(before: str, after: str) -> None:
    assert with_texts(before + STEPS, {"name": "New"}, type="yaml") == after + STEPS


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("---\n  folder: x\n  flow: >-\n    a\n", "---\n  folder: x\n  flow: >-\n    a\n  name: New\n"),
        ("folder: x\nflow: a", "folder: x\nflow: a\nname: New"),
        ("{flow: a, start: w}", "{flow: a, name: New, start: w}"),
        ("{name: 'Old', flow: a}", "{name: New, flow: a}"),
        ('{"flow":"a"}', '{"flow":"a", name: New}'),
    ],
)
def test_texts_of_any_shape_are_edited(before: str, after: str) -> None:
    assert with_texts(before, {"name": "New"}, type="yaml") == after


def test_several_changes_stand_in_their_order() -> None:
    changes = {"name": "N", "description": "Two\nlines", "folder": "a/b"}
    edited = with_texts("flow: a\nfolder: x\n" + STEPS, changes, type="yaml")
    assert edited == 'flow: a\nname: N\ndescription: "Two\\nlines"\nfolder: a/b\n' + STEPS


def test_what_is_so_already_changes_nothing() -> None:
    text = "flow:   a\nname: 'Same'\n"
    assert with_texts(text, {"name": "Same"}, type="yaml") == text
    assert with_texts('{ "flow":"a","name":"Same" }', {"name": "Same"}, type="json").startswith("{ ")


def test_json_keeps_its_order_and_its_lines() -> None:
    data = {"start": "w", "flow": "a", "folder": "x", "n": 1.0}
    wanted = {"start": "w", "flow": "a", "name": "New", "folder": "y", "n": 1.0}
    for indent in (None, 4):
        edited = with_texts(json.dumps(data, indent=indent), {"name": "New", "folder": "y"}, type="json")
        assert list(json.loads(edited).items()) == list(wanted.items())
        assert ("\n" in edited) is (indent is not None)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.sampled_from(["null", "True", "1e3", "0x1", "a: b", "a #b", "- a", "", " a ", "[", ".inf"]) | TEXT)
def test_any_text_reads_back_as_it_was_given(value: str) -> None:
    for text in ("flow: a\nname: Old\n", "flow: a\n", "{flow: a, x: [1]}"):
        data, report = parse(with_texts(text, {"name": value}, type="yaml"), type="yaml")
        assert not report.has_errors
        assert isinstance(data, dict)
        assert data["name"] == value

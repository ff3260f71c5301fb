"""The flows of a folder as tests name them, and its project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rules.model import Flow
from server.flow_tests.folder import FlowFolder, beside
from tests.server.flow_tests.conftest import FLOW, GOOD


def test_flow_of_the_tests_name_comes_first(folder: Path) -> None:
    (folder / "another.yaml").write_text(FLOW.replace("default: 0", "default: 5"))
    flows = beside(folder / "parcel.test.yaml", {})
    flow = flows.flow("parcel", {})
    assert isinstance(flow, Flow)
    assert flow.variables["n"].default == 0
    assert list(flows.files) == [folder / "parcel.yaml"]


@pytest.mark.parametrize("name", ["other.yaml", "whatever.yml", "some.json"])
def test_other_flows_are_found_by_key_whatever_the_file_is_called(folder: Path, name: str) -> None:
    document = {"flow": "other", "start": "a", "steps": {"a": {"type": "end"}}}
    text = (
        json.dumps(document) if name.endswith("json") else FLOW.replace("flow: parcel", "flow: other # one")
    )
    (folder / name).write_text(text)
    flow = beside(folder / "parcel.test.yaml", {}).flow("other", {})
    assert isinstance(flow, Flow)
    assert flow.key == "other"


def test_a_flow_is_compiled_once_for_the_same_constants(folder: Path) -> None:
    flows = beside(folder / "parcel.test.yaml", {})
    assert flows.flow("parcel", {"a": 1}) is flows.flow("parcel", {"a": 1})
    assert flows.flow("parcel", {"a": 1}) is not flows.flow("parcel", {"a": 2})


def test_flow_that_is_nowhere_or_wrong_is_told(folder: Path) -> None:
    flows = beside(folder / "parcel.test.yaml", {})
    assert flows.flow("nobody", {}) == 'No file in this folder holds the flow "nobody".'
    assert list(flows.files) == [folder]
    (folder / "parcel.yaml").write_text(FLOW.replace("next: over", "next: ovr"))
    told = beside(folder / "parcel.test.yaml", {}).flow("parcel", {})
    assert str(told).startswith("The flow has errors, the first at ")
    assert "parcel.yaml:6:" in str(told)


def test_tests_themselves_are_no_flows(folder: Path) -> None:
    (folder / "other.test.yaml").write_text(GOOD.replace("flow: parcel", "flow: lost"))
    assert isinstance(beside(folder / "other.test.yaml", {}).flow("lost", {}), str)


# ── the project ────────────────────────────────────────────────────────────────────────────────────────

PROJECT = """\
event_schemas: {shipped: {type: object, required: [n]}}
segments: {vip: {rule: '"vip" in customer.tags && constants.open'}}
constants: {open: true, n: 1}
"""


def test_project_above_says_what_flows_share_and_servers_constants_come_first(folder: Path) -> None:
    inner = folder / "flows"
    inner.mkdir()
    (folder / "flowdeck.yaml").write_text(PROJECT)
    flows = FlowFolder(inner, first=[], constants={"n": 2})
    assert list(flows.files) == [folder / "flowdeck.yaml"]
    assert flows.shared.constants == {"open": True, "n": 2}
    assert flows.shared.segments.keys() == {"vip"}
    assert flows.shared.events["shipped"].faults({}) != []


def test_flow_is_held_against_the_project(folder: Path) -> None:
    (folder / "flowdeck.yaml").write_text(PROJECT)
    (folder / "parcel.yaml").write_text(
        FLOW.replace("{id: late, type: time, after: P1D,", "{id: in, type: segment, segment: vup, is: in,")
    )
    told = beside(folder / "parcel.test.yaml", {}).flow("parcel", {})
    assert "unknown_segment" in str(told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("segments: 5", "The project has errors, the first at "),
        ("segments: {vip: {rule: customer.}}", "The project has errors, the first at "),
        ("segments: {vip: {rule: constants.x}}", "The segment vip in "),
    ],
)
def test_project_with_errors_is_why_there_are_no_flows(folder: Path, text: str, words: str) -> None:
    (folder / "flowdeck.yaml").write_text(text)
    assert str(beside(folder / "parcel.test.yaml", {}).flow("parcel", {})).startswith(words)

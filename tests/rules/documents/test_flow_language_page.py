"""The page about the flow language: what it shows compiles, nothing is left out, the tests it names exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from rules.calendar.moments import compile_moment
from rules.calendar.times import parse_rfc3339
from rules.calendar.zones import zoned
from rules.compiling.flows import check
from rules.compiling.project import compile_project
from rules.documents import flow, notifications, parts, project, steps, triggers
from rules.documents.syntax import parse
from rules.tables import compile_cell, matches
from rules.types import Scope

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "flow-language.md").read_text()

# --- what it shows compiles -----------------------------------------------------------------------------

BLOCKS = re.findall(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
WHOLE = next(text for _, kind, text in BLOCKS if not kind)


def read(text: str) -> dict[str, object]:
    data, report = parse(text, type="yaml")
    assert not report.has_errors, (text, report.problems())
    assert isinstance(data, dict)
    return data


def completed(part: dict[str, object]) -> dict[str, object]:
    """The flow of the page with the keys of a part laid over its own; steps to which nothing leads start."""
    whole = read(WHOLE)
    for key, value in part.items():
        mine = whole.get(key)
        whole[key] = {**mine, **value} if isinstance(mine, dict) and isinstance(value, dict) else value
    added = part.get("steps")
    if isinstance(added, dict):
        led_to = set(ways(whole["steps"]))
        whole["start"] = [whole["start"], *(step for step in added if step not in led_to)]
    return whole


def ways(data: object) -> Iterator[object]:
    """The steps that something in the data leads to."""
    if isinstance(data, list):
        for item in data:
            yield from ways(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key in {"next", "else", "if_empty", "on_error"}:
                yield from value if isinstance(value, list) else [value]
            else:
                yield from ways(value)


@pytest.mark.parametrize("text", [text for _, kind, text in BLOCKS if not kind])
def test_a_whole_flow_has_nothing_wrong(text: str) -> None:
    assert "flow" in read(text)
    assert check(text, type="yaml").problems == ()


@pytest.mark.parametrize("text", [text for _, kind, text in BLOCKS if kind == "fragment"])
def test_a_part_compiles_in_the_flow_of_the_page(text: str) -> None:
    part = read(text)
    assert set(part) <= {field.encode_name for field in msgspec.structs.fields(flow.Flow)}
    compiled = check(msgspec.json.encode(completed(part)).decode(), type="json")
    assert compiled.flow is not None, compiled.problems


@pytest.mark.parametrize("text", [text for _, kind, text in BLOCKS if kind == "flowdeck.yaml"])
def test_a_project_has_nothing_wrong(text: str) -> None:
    assert compile_project(text, type="yaml").problems == ()


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    assert {(language, kind) for language, kind, _ in BLOCKS} == {
        ("yaml", ""),
        ("yaml", "fragment"),
        ("yaml", "flowdeck.yaml"),
    }


# --- every construct is named ---------------------------------------------------------------------------

SECTIONS: dict[str, str] = {}
for _chapter in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
    _name, _, _text = _chapter.partition("\n")
    SECTIONS[_name] = _text
    for _part in re.split(r"^### ", _text, flags=re.MULTILINE)[1:]:
        _title, _, _words = _part.partition("\n")
        SECTIONS[f"{_name}/{_title.strip('`')}"] = _words

PLACES: dict[type, str] = {
    flow.Flow: "Document",
    flow.Variable: "Variables",
    parts.MomentParts: "Time/Moments",
    triggers.TriggerBase: "Triggers",
    triggers.Audience: "Triggers/audience",
    triggers.Verification: "Triggers/webhook",
    triggers.Entry: "Entry",
    triggers.StartLimit: "Entry",
    steps.OutcomeBase: "Outcomes",
    steps.StepBase: "Steps",
    steps.Delivery: "Steps/send_card",
    steps.CardNotification: "Steps/send_card",
    steps.Deadline: "Steps/wait",
    steps.Case: "Steps/branch",
    steps.Arm: "Steps/split",
    steps.DecisionRow: "Steps/decide",
    steps.Retry: "Steps/request",
    notifications.Notification: "Notifications",
    notifications.NotificationTexts: "Notifications",
    project.Project: "Project",
    project.Field: "Project",
    project.SegmentRule: "Project",
}
"""Where each construct is told of; kinds of steps, triggers and outcomes have sections of their own."""


def structs(start: type[parts.Part]) -> set[type[parts.Part]]:
    """The types of which a document is made; what cards are made of stands on a page of its own."""
    found, waiting = {start}, [start]
    while waiting:
        struct = waiting.pop()
        if struct.__module__ != "rules.documents.cards":
            fresh = {used for field in described(struct).fields for used in parts_in(field.type)} - found
            found |= fresh
            waiting += fresh
    return found


def parts_in(type_: inspect.Type) -> Iterator[type[parts.Part]]:
    for found in types_in(type_):
        if isinstance(found, inspect.StructType):
            assert issubclass(found.cls, parts.Part)
            yield found.cls


def described(struct: type) -> inspect.StructType:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return info


def types_in(type_: inspect.Type) -> Iterator[inspect.Type]:
    yield type_
    match type_:
        case inspect.Metadata():
            yield from types_in(type_.type)
        case inspect.UnionType():
            for one in type_.types:
                yield from types_in(one)
        case inspect.ListType():
            yield from types_in(type_.item_type)
        case inspect.DictType():
            yield from types_in(type_.value_type)
        case _:
            return


def words_of(section: str) -> set[str]:
    """What stands in code, outside of examples and names of tests."""
    text = re.sub(r"^```.*?^```$|`tests/[^`]+`", "", SECTIONS[section], flags=re.DOTALL | re.MULTILINE)
    return {word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", code)}


def place_of(struct: type[parts.Part]) -> str:
    tag = struct.__struct_config__.tag
    if tag is None or struct in PLACES:
        return PLACES[struct]
    if issubclass(struct, steps.OutcomeBase):
        return "Exits" if struct.__name__.endswith("Exit") else f"Outcomes/{tag}"
    return f"{'Steps' if issubclass(struct, steps.StepBase) else 'Triggers'}/{tag}"


def inherited(struct: type) -> set[str]:
    """The fields that are told of elsewhere: where all kinds are, or, of an exit, where its outcome is."""
    bases = [base for base in struct.__mro__[1:] if issubclass(base, parts.Part) and base is not parts.Part]
    return {name for base in bases for name in base.__struct_fields__}


CONSTRUCTS = sorted(
    structs(flow.Flow) | structs(project.Project) | {triggers.TriggerBase, steps.StepBase, steps.OutcomeBase},
    key=lambda struct: struct.__name__,
)


@pytest.mark.parametrize("struct", CONSTRUCTS, ids=lambda struct: struct.__name__)
def test_every_key_and_every_value_of_a_closed_list_is_named_in_its_section(
    struct: type[parts.Part],
) -> None:
    place = "Cards" if struct.__module__ == "rules.documents.cards" else place_of(struct)
    own = [field for field in described(struct).fields if field.name not in inherited(struct)]
    wanted = {field.encode_name for field in own}
    wanted |= {
        str(value)
        for field in own
        for found in types_in(field.type)
        if isinstance(found, inspect.LiteralType)
        for value in found.values
    }
    assert wanted - words_of(place) == set()


# --- what it says is so ---------------------------------------------------------------------------------


def rows(heading: str) -> list[tuple[str, ...]]:
    """The rows of the table with these columns."""
    _, _, rest = PAGE.partition(f"\n{heading}\n")
    lines = rest.split("\n\n")[0].splitlines()[1:]
    assert lines, heading
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]


def yaml_of(cell: str) -> object:
    """The value in the code of a cell."""
    code = re.match(r"`([^`]+)`", cell)
    assert code is not None, cell
    data, report = parse(f"value: {code[1]}", type="yaml")
    assert not report.has_errors, code[1]
    assert isinstance(data, dict)
    return data["value"]


@pytest.mark.parametrize(("moment", "zone", "turn", "gives"), rows("| moment | zone | turn | gives |"))
def test_the_moments_of_the_page_are_what_it_says(moment: str, zone: str, turn: str, gives: str) -> None:
    at = compile_moment(yaml_of(moment), Scope({})).resolve(
        {}, now=parse_rfc3339(turn), customer_zone=zone, server_zone="UTC"
    )
    if gives == "never":
        assert at is None
    else:
        assert at == parse_rfc3339(gives)
        assert gives.startswith(str(zoned(at, zone).to_plain())), "it is told as the zone's clocks show it"


@pytest.mark.parametrize(("cell", "input", "is_match"), rows("| cell | input | matches |"))
def test_the_cells_of_the_page_match_as_it_says(cell: str, input: str, is_match: str) -> None:
    assert matches(compile_cell(yaml_of(cell), Scope({})), yaml_of(input), {}) is (is_match == "yes")


def test_it_tells_what_this_server_does_not_do_yet() -> None:
    is_closed = (ROOT / "server" / "outbound" / "unavailable.py").exists()
    for sentence in ("This server does not call third parties yet", "This server sends no pushes yet"):
        assert (sentence in PAGE) is is_closed


# --- its links lead somewhere, its tests exist ----------------------------------------------------------


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]*)(#[^)]*)?\)", PAGE)
    assert [path for path, _ in links if path and not (ROOT / "docs" / path).exists()] == []
    titles = [re.sub(r"[^\w -]", "", title).lower() for title in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)]
    anchors = {
        f"#{title.replace(' ', '-')}" + (f"-{titles[:index].count(title)}" if title in titles[:index] else "")
        for index, title in enumerate(titles)
    }
    assert {anchor for path, anchor in links if anchor and not path} - anchors == set()


NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


def test_every_test_that_the_page_names_exists() -> None:
    missing = [(path, name) for path, name in NAMED if name not in names_in(path)]
    assert missing == []
    assert len(NAMED) > 100


def test_every_section_names_what_shows_it() -> None:
    parts_of = [name.partition("/")[0] for name in SECTIONS if "/" in name]
    silent = [
        name
        for name, text in SECTIONS.items()
        if name not in parts_of and not re.search(r"Shown by:\s`tests/", text)
    ]
    assert silent == []

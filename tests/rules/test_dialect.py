"""`docs/cel-dialect.md`: its examples give what it says, its bounds are ours, no function is left out."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from rules import limits
from rules.calendar.times import parse_rfc3339, to_datetime
from rules.cel.checker import check
from rules.cel.decode import decode
from rules.cel.signatures import SIGNATURES
from rules.cel.tree import Call, Loop, Macro, Node, children
from rules.conditions import compile_expression
from rules.text.filters import FILTERS
from rules.text.locale_filters import LOCALE_FILTERS
from rules.text.printing import Setting
from rules.text.templates import compile_template
from rules.types import Scope, Type

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cel-dialect.md").read_text()
SCOPE = Scope(
    {
        "vars": {
            "n": Type.INT,
            "d": Type.DOUBLE,
            "name": Type.STRING,
            "due": Type.TIMESTAMP,
            "items": Type.LIST,
            "gone": Type.STRING,
        },
        "customer": {"tier": Type.STRING, "nickname": Type.STRING},
        "event": {"data": Type.DYN},
        "now": Type.TIMESTAMP,
    }
)
SETTING = Setting("en-NZ", "Pacific/Auckland")
# Calls that the checker writes for optional syntax, or that have a form of their own.
OPTIONALS = {"orValue", "or", "hasValue", "value", "optional.of", "optional.none", "_?._", "_[?_]", "_[_]"}


def context() -> Mapping[str, object]:
    [block] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    values: dict[str, dict[str, object]] = json.loads(block)
    values["vars"]["due"] = to_datetime(parse_rfc3339(str(values["vars"]["due"])))
    return {**values, "now": to_datetime(parse_rfc3339(str(values["now"])))}


def rows(begin: str, end: str) -> Iterator[list[str]]:
    """The cells of the tables between two headings, code without its quotes."""
    for line in PAGE.partition(f"\n{begin}\n")[2].partition(f"\n{end}\n")[0].splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            cells = re.split(r"(?<!\\)\|", line.strip("| "))
            yield [cell.strip().replace("\\|", "|") for cell in cells]


def examples(begin: str, end: str) -> list[tuple[str, str]]:
    """The last two cells of each row that ends in two pieces of code."""
    pairs = [
        (cells[-2].strip("`"), cells[-1].strip("`")) for cells in rows(begin, end) if cells[-1][:1] == "`"
    ]
    assert pairs
    return pairs


EXPRESSIONS = examples("## Expressions", "### Bounds")
TEMPLATES = examples("## Templates", "### Bounds of templates")


@pytest.mark.parametrize(("source", "gives"), EXPRESSIONS)
def test_expression_gives_what_the_page_says(source: str, gives: str) -> None:
    found = compile_expression(source, SCOPE).value(context())
    assert json.loads(
        json.dumps(found, default=lambda at: at.isoformat().replace("+00:00", "Z"))
    ) == json.loads(gives)


@pytest.mark.parametrize(("source", "prints"), TEMPLATES)
def test_template_prints_what_the_page_says(source: str, prints: str) -> None:
    assert compile_template(source, SCOPE).render(context(), SETTING) == prints


def called(node: Node) -> Iterator[str]:
    match node:
        case Call():
            yield node.function
        case Loop():
            yield node.macro.value
    for child in children(node):
        yield from called(child)


def test_every_function_operator_and_macro_has_an_example() -> None:
    found = {name for source, _ in EXPRESSIONS for name in called(decode(check(source, SCOPE)))}
    offered = {*SIGNATURES, *(macro.value for macro in Macro), "_&&_", "_||_", "!_", *OPTIONALS}
    assert offered - found == set()
    # What the parser writes out differently.
    for part in (".filter(", "has(", ".optMap(", ".optFlatMap(", '{?"', "[?event"):
        assert any(part in source for source, _ in EXPRESSIONS), part


def test_every_filter_has_a_row() -> None:
    named = {
        match
        for cells in rows("### Filters", "### Bounds of templates")
        for match in re.findall(r"`(\w+)", cells[0])
    }
    assert named == {*FILTERS, *LOCALE_FILTERS}
    for name in named:
        assert any(re.search(rf"\| {name}\b", source) for source, _ in TEMPLATES), name


def test_bounds_are_those_of_the_rules() -> None:
    tables = [
        *rows("### Bounds", "### Where CEL differs"),
        *rows("### Bounds of templates", "### Where Liquid differs"),
    ]
    named = {cells[2].strip("`"): cells[1].replace(",", "") for cells in tables if cells[2] != "limit"}
    assert named == {name: str(getattr(limits, name)) for name in named}
    assert {"EXPRESSION_STEPS_MAX", "TEMPLATE_STEPS_MAX"} <= named.keys()

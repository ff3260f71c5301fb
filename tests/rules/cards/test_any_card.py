"""Any card is rendered to what the schema says, and takes back what its inputs ask for (flow format §7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cards import view_types
from rules.cards.form import check_link, check_values
from rules.cards.names import item_number, written_name
from rules.cards.values import INPUTS
from rules.cards.view import Rendered, render
from rules.compiling.flows import check
from rules.documents.schema import flow_schema, view_schema
from rules.text.printing import Setting

pytestmark = pytest.mark.slow

Element: TypeAlias = dict[str, Any]

VIEWS: Final = jsonschema_rs.validator_for(view_schema())
FLOWS: Final = jsonschema_rs.validator_for(flow_schema())
URL: Final = "https://example.org/a"
OPTIONS: Final = [{"value": "a", "label": "A"}, {"value": 2, "label": "B"}, {"value": True, "label": "C"}]

ELEMENTS: Final[list[Element]] = [
    {"type": "category", "text": "{{ vars.name }}", "icon": "star"},
    {"type": "banner", "url": URL, "media": "video", "thumbnail": URL, "alt": "x"},
    {"type": "headline", "text": "=vars.n * 2.0"},
    {
        "type": "text",
        "text": "**{{ vars.name }}** [a](https://example.org/{{ vars.name }})\n- b {{ runtime.r }}",
    },
    {"type": "list", "items": ["a", "{{ vars.n }}", "{{ runtime.r }}"], "ordered": True},
    {"type": "image", "url": URL, "height": "tall"},
    {"type": "video", "url": URL},
    {"type": "divider"},
    {"type": "fields", "items": [{"label": "{{ vars.n }}", "value": "b"}]},
    {"type": "progress", "value": "=vars.n", "max": 7, "label": "x"},
    {"type": "submit", "label": "Go", "values": {"x": "=vars.n"}, "keep_open": True, "url": URL},
    {"type": "submit", "label": "Go", "fresh": True, "payload": {"a": [1, None]}, "style": "danger"},
    {"type": "link", "label": "x", "url": "{{ vars.url }}"},
    {"type": "link", "label": "x", "payload": ["=vars.name"]},
    {"type": "dismiss", "label": "x"},
    {"type": "snooze", "label": "x", "for": "PT1H"},
    {"type": "text_input", "min_length": 1, "max_length": 5, "pattern": "[a-z]+", "multiline": True},
    {"type": "number_input", "min": -1, "max": "=vars.n + 5.0", "default": "=vars.n"},
    {"type": "date_input", "min": "2026-01-01", "max": "2026-12-31"},
    {"type": "time_input", "min": "08:00", "step": 30},
    {"type": "dropdown", "options": OPTIONS, "default": 2},
    {"type": "radio", "options": OPTIONS},
    {"type": "checkboxes", "options": OPTIONS, "min_checked": 1, "max_checked": 2, "default": ["a"]},
    {"type": "switch", "default": True, "placeholder": "{{ vars.name }}"},
    {"type": "stepper", "min": 1, "max": 9, "step": 2},
    {"type": "rating", "max": 3, "messages": {"min": "{{ vars.name }}"}},
    {"type": "file_upload", "accept": ["image/*"], "max_bytes": 5},
]
NAMED: Final = frozenset({*INPUTS, "submit"})
GOOD: Final[dict[str, object]] = {
    "text_input": "abc",
    "number_input": 3,
    "date_input": "2026-05-05",
    "time_input": "09:30",
    "dropdown": True,
    "radio": "a",
    "checkboxes": ["a", 2],
    "switch": True,
    "stepper": 5,
    "rating": 2,
}
BAD: Final[dict[str, object]] = {
    "text_input": "ABC",
    "number_input": 99,
    "date_input": "2027-01-01",
    "time_input": "07:00",
    "dropdown": 1,
    "radio": "b",
    "checkboxes": ["a", 2, True],
    "switch": "on",
    "stepper": 4,
    "rating": 4,
    "file_upload": "0190-upload",
}

bodies = st.lists(
    st.tuples(
        st.sampled_from(ELEMENTS),
        st.sampled_from(
            [None, None, "vars.n > 1.0", "vars.n > 5.0", "vars.none == null", "customer.missing == 1"]
        ),
        st.sampled_from([None, None, None, [], ["a"], ["a", {"b": 1}, 3]]),
        st.booleans(),
    ),
    max_size=8,
)


def named(body: list[tuple[Element, str | None, list[object] | None, bool]], prefix: str) -> list[Element]:
    """The elements with names of their own, conditions and repeats."""
    written: list[Element] = []
    for number, (element, when, each, required) in enumerate(body):
        made = dict(element)
        if element["type"] in NAMED:
            made["name"] = f"{prefix}{number}"
        if element["type"] in INPUTS:
            made |= {"label": "{{ vars.name }}", "required": required}
        made |= {} if when is None else {"when": when}
        made |= {} if each is None else {"each": each}
        written.append(made)
    return written


@st.composite
def cards(draw: Callable[..., Any]) -> Element:
    """A card with up to two subviews, the second of which only the first leads to."""
    card: Element = {
        "title": "{{ vars.name }}",
        "body": named(draw(bodies), "a"),
        "subviews": {},
        "menu": {"vote": True},
        "runtime_variables": {"r": {"default": "?"}},
    }
    body = card["body"]
    for name in ("first", "second")[: draw(st.integers(0, 2))]:
        body.append({"type": "link", "label": "More", "subview": name})
        body = named(draw(bodies), name)
        card["subviews"][name] = {"title": name, "body": body}
    return card


def rendered(card: Element) -> Rendered:
    flow = {
        "flow": "any",
        "variables": {
            "name": {"type": "string"},
            "n": {"type": "number"},
            "none": {"type": "string"},
            "url": {"type": "string"},
        },
        "start": "s",
        "steps": {"s": {"type": "send_card", "card": "c"}},
        "cards": {"c": card},
    }
    assert list(FLOWS.iter_errors(flow)) == []
    compiled = check(msgspec.json.encode(flow), type="json")
    assert compiled.flow is not None, [each for each in compiled.problems if each.severity == "error"]
    variables = {"name": "*Me<b>*", "n": 2.0, "none": None, "url": "https://example.org/?a=b"}
    return render(compiled.flow.cards["c"], {"vars": variables, "customer": {}}, Setting())


def shown(card: Rendered) -> list[Element]:
    """Every element on the wire, whichever screen it is on."""
    view: Any = card.view.view
    return [*view["body"], *(each for subview in view["subviews"].values() for each in subview["body"])]


@given(cards())
def test_what_is_rendered_fits_the_schema_and_the_types_of_a_view(card: Element) -> None:
    made = rendered(card)
    wire = msgspec.json.decode(msgspec.json.encode(made.view))
    assert list(VIEWS.iter_errors(wire)) == []
    typed = msgspec.convert(wire, view_types.Rendered)
    assert msgspec.json.decode(msgspec.json.encode(typed)) == wire
    ids = [element["id"] for element in shown(made)]
    assert len(ids) == len(set(ids))


@given(cards())
def test_form_takes_what_is_shown_and_nothing_else(card: Element) -> None:
    made = rendered(card)
    elements = shown(made)
    inputs = {element["name"]: element["type"] for element in elements if element["type"] in INPUTS}
    assert set(made.form.get("inputs", {})) == set(inputs)  # type: ignore[call-overload]  # an object
    for element in elements:
        assert (check_link(made.form, element["id"]) is None) is (element["type"] == "link")
        if element["type"] == "submit":
            assert {error["code"] for error in check_values(made.form, element["name"], {"zz": 1})[1]} >= {
                "unknown_input"
            }


@given(cards())
def test_good_values_come_back_under_their_author_s_names_and_bad_ones_are_located(card: Element) -> None:
    card["body"].append({"type": "submit", "name": "go", "label": "Go"})
    made = rendered(card)
    inputs = {element["name"]: element["type"] for element in shown(made) if element["type"] in INPUTS}
    good = {name: GOOD[type] for name, type in inputs.items() if type in GOOD}
    cleaned, errors = check_values(made.form, "go", good)
    assert {error["pointer"] for error in errors} <= {
        f"/values/{name}" for name, type in inputs.items() if type == "file_upload"
    }
    for name, value in good.items():
        number, found = item_number(name), cleaned[written_name(name)]
        assert (found if number is None else found[number - 1]) == value  # type: ignore[index]  # a list
    wrong = check_values(made.form, "go", {name: BAD[type] for name, type in inputs.items()})[1]
    assert {error["pointer"] for error in wrong} == {f"/values/{name}" for name in list(inputs)[:20]}

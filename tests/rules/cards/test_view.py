from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rules.cards import view_types
from rules.cards.elements import CardTemplate
from rules.cards.form import check_values
from rules.cards.view import Rendered, render
from rules.compiling.flows import check
from rules.errors import EvaluationError
from rules.limits import VIEW_BYTES_MAX
from rules.text.printing import Setting

ROOT = Path(__file__).parents[3]
DUE = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
CONTEXT: Mapping[str, object] = {
    "vars": {"name": "Mere", "n": 2, "due": DUE, "big": "x" * 8_000, "none": None, "url": "a b&c"},
    "customer": {"first_name": "Mere"},
    "now": DUE,
    "steps": {},
    "timezone": "UTC",
}
SETTING = Setting(locale="en", zone="Pacific/Auckland")
TYPES = {
    "name": "string",
    "n": "integer",
    "due": "datetime",
    "big": "string",
    "none": "integer",
    "url": "string",
}


def template(*body: dict[str, Any], **card: Any) -> CardTemplate:
    flow = {
        "flow": "a",
        "variables": {name: {"type": type, "required": True} for name, type in TYPES.items()},
        "start": "s",
        "steps": {"s": {"type": "send_card", "card": "c"}},
        "cards": {"c": {"body": list(body), **card}},
    }
    compiled = check(msgspec.json.encode(flow), type="json")
    assert compiled.flow is not None, compiled.problems
    return compiled.flow.cards["c"]


def rendered(*body: dict[str, Any], **card: Any) -> Rendered:
    return render(template(*body, **card), CONTEXT, SETTING)


def element(**written: Any) -> Any:
    """The one element as it goes over the wire, without its type and id."""
    body = rendered(written).view.view["body"]
    assert isinstance(body, list)
    return {name: value for name, value in body[0].items() if name not in ("type", "id")}


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ({"type": "headline", "text": "Kia ora {{ vars.name }}"}, {"text": "Kia ora Mere"}),
        ({"type": "headline", "text": "=vars.n + 1"}, {"text": "3"}),
        ({"type": "headline", "text": "==5"}, {"text": "=5"}),
        ({"type": "headline", "text": "**no**"}, {"text": "**no**"}),
        (
            {"type": "text", "text": "**{{ vars.name }}**"},
            {"text": [{"type": "strong", "children": [{"type": "text", "text": "Mere"}]}]},
        ),
        ({"type": "category", "text": "News", "icon": "bell"}, {"text": "News", "icon": "bell"}),
        ({"type": "divider"}, {}),
        (
            {"type": "list", "items": ["a", "{{ vars.n }}"], "ordered": True},
            {"items": ["a", "2"], "ordered": True},
        ),
        (
            {"type": "fields", "items": [{"label": "Ends", "value": "{{ vars.due | date: 'short' }}"}]},
            {"items": [{"label": "Ends", "value": "3/2/26"}]},
        ),
        (
            {"type": "image", "url": "https://example.org/{{ vars.url }}", "alt": "A {{ vars.name }}"},
            {"url": "https://example.org/a%20b%26c", "alt": "A Mere"},
        ),
        (
            {"type": "number_input", "name": "x", "min": "=vars.n", "max": 9, "default": "=vars.none"},
            {"name": "x", "min": 2, "max": 9},
        ),
        ({"type": "date_input", "name": "x", "min": "=vars.due"}, {"name": "x", "min": "2026-03-02"}),
        (
            {"type": "date_input", "name": "x", "default": "2026-01-05"},
            {"name": "x", "default": "2026-01-05"},
        ),
        ({"type": "switch", "name": "x", "default": "=vars.n > 1"}, {"name": "x", "default": True}),
        (
            {"type": "text_input", "name": "x", "label": "L", "default": "{{ vars.name }}", "max_length": 9},
            {"name": "x", "label": "L", "default": "Mere", "max_length": 9},
        ),
        (
            {
                "type": "dropdown",
                "name": "x",
                "required": True,
                "options": [{"value": 1, "label": "{{ vars.n }}"}],
            },
            {"name": "x", "required": True, "options": [{"value": 1, "label": "2"}]},
        ),
        (
            {
                "type": "submit",
                "name": "x",
                "label": "Go",
                "values": {"secret": 1},
                "payload": {"at": "=vars.due"},
            },
            {"name": "x", "label": "Go", "payload": {"at": "2026-03-01T20:30:00.000Z"}},
        ),
        ({"type": "link", "label": "Open", "url": "app://page/1"}, {"label": "Open", "url": "app://page/1"}),
        ({"type": "snooze", "label": "Later", "for": "PT1H"}, {"label": "Later", "for": "PT1H"}),
        ({"type": "dismiss", "label": "No", "style": "plain"}, {"label": "No", "style": "plain"}),
    ],
)
def test_an_element_goes_over_the_wire_resolved(written: dict[str, Any], wire: dict[str, Any]) -> None:
    assert element(**written) == wire


def test_elements_keep_their_order_and_their_ids() -> None:
    body = (
        {"type": "headline", "text": "a", "when": "vars.n > 5"},
        {"type": "text", "text": "b", "id": "text_3"},
        {"type": "text", "text": "c"},
        {"type": "number_input", "name": "km"},
        {"type": "divider", "when": "vars.n == 2"},
    )
    view = rendered(*body).view.view["body"]
    assert isinstance(view, list)
    assert [each["id"] for each in view] == ["text_3", "text_3_", "km", "divider_5"]


def test_what_is_not_shown_is_not_taken_back() -> None:
    hidden = {"type": "text_input", "name": "x", "required": True, "when": "vars.n > 5"}
    card = rendered(hidden, {"type": "submit", "name": "go", "label": "Go"})
    assert card.form == {"submits": {"go": {}}, "links": []}
    assert check_values(card.form, "go", {"x": "a"})[1][0]["code"] == "unknown_input"


def test_a_condition_that_fails_hides_its_element_and_is_told() -> None:
    card = rendered({"type": "divider", "when": "customer.tier == 'gold'"}, {"type": "divider"})
    assert [id for id, _ in card.failed] == ["divider_1"]
    assert len(card.view.view["body"]) == 1  # type: ignore[arg-type]  # a list, as the wire types say


def test_values_that_make_no_card_fail_the_rendering() -> None:
    with pytest.raises(EvaluationError):
        rendered({"type": "link", "label": "x", "url": "{{ vars.url }}"})
    with pytest.raises(EvaluationError):
        rendered({"type": "number_input", "name": "x", "min": "{{ vars.n }}"})


def test_a_card_ends_at_its_size() -> None:
    text = {"type": "headline", "text": "{{ vars.big }}"}
    count = VIEW_BYTES_MAX // 8_100
    rendered(*[text] * count)
    with pytest.raises(EvaluationError) as refused:
        rendered(*[text] * (count + 1))
    assert refused.value.code == "text_too_long"


def test_the_form_holds_rules_and_what_the_card_offers() -> None:
    card = rendered(
        {"type": "number_input", "name": "n", "label": "N", "min": "=vars.n", "messages": {"min": "More!"}},
        {"type": "dropdown", "name": "d", "options": [{"value": "a", "label": "A"}], "placeholder": "?"},
        {
            "type": "submit",
            "name": "go",
            "label": "Go",
            "keep_open": True,
            "fresh": True,
            "values": {"x": "=vars.n"},
        },
        {"type": "dismiss", "label": "No"},
        menu={"vote": True},
    )
    assert card.form == {
        "vote": True,
        "dismiss": True,
        "inputs": {
            "n": {"type": "number_input", "min": 2, "messages": {"min": "More!"}},
            "d": {"type": "dropdown", "options": ["a"]},
        },
        "submits": {"go": {"keep_open": True, "fresh": True, "values": {"x": 2}}},
        "links": [],
    }


def test_form_knows_the_links_that_are_shown() -> None:
    link = {"type": "link", "label": "x", "url": "app://x"}
    card = rendered(link, {**link, "id": "terms"}, {**link, "id": "gone", "when": "1 > 2"})
    assert card.form == {"links": ["link_1", "terms"]}


def test_data_menu_and_runtime_variables_come_with_the_view() -> None:
    card = rendered(
        {"type": "text", "text": "Balance {{ runtime.balance }}"},
        title="For {{ vars.name }}",
        data={"due": "=vars.due", "n": "=vars.n", "text": "{{ vars.n }}"},
        menu={"snooze": True},
        snooze={"presets": ["PT1H"], "custom": True},
        runtime_variables={"balance": {"default": "{{ vars.n }}?"}},
    ).view
    assert card.view["title"] == "For Mere"
    assert card.view["body"] == [
        {
            "type": "text",
            "id": "text_1",
            "text": [{"type": "text", "text": "Balance "}, {"type": "runtime", "name": "balance"}],
        }
    ]
    assert card.data == {"due": "2026-03-01T20:30:00.000Z", "n": 2, "text": "2"}
    assert card.menu == {"snooze": True, "snooze_presets": ["PT1H"], "snooze_custom": True}
    assert card.runtime_variables == {"balance": {"default": "2?"}}


def test_a_card_without_templates_is_made_once() -> None:
    body = template({"type": "text", "text": "**a**"}, {"type": "dismiss", "label": "No"}).body
    assert all(each.wire.is_fixed for each in body)


EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
VARIABLES = {
    "policy-renewal": {"policy": "P-7", "due": DUE, "premium": 420.5, "reminders": 2},
    "order-delivery": {
        "order": "4711",
        "items": [{"name": "Tea", "count": 2.0}],
        "status": "out",
        "eta": DUE,
    },
    "feedback": {"branch": "Ponsonby", "visited": None, "score": 0.0},
}


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_the_examples_render_to_what_the_wire_types_say(path: Path) -> None:
    compiled = check(path.read_text(), type="yaml")
    assert compiled.problems == ()
    assert compiled.flow is not None
    for card in compiled.flow.cards.values():
        made = render(card, {**CONTEXT, "vars": VARIABLES[path.stem]}, SETTING)
        assert made.failed == ()
        wire = msgspec.json.encode(made.view)
        again = msgspec.json.encode(msgspec.json.decode(wire, type=view_types.Rendered))
        assert msgspec.json.decode(again) == msgspec.json.decode(wire)

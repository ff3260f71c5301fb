from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rules.cards import view_types
from rules.cards.form import check_values
from rules.cards.templates import CardTemplate
from rules.cards.view import Rendered, render
from rules.compiling.flows import check
from rules.errors import EvaluationError
from rules.limits import SHOWN_ELEMENTS_MAX, VIEW_BYTES_MAX
from rules.text.printing import Setting
from tests.examples import FLOWS

ROOT = Path(__file__).parents[3]
DUE = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
MARKUP = "**a** [b](https://x.org) <img src=x onerror=y>"
CONTEXT: Mapping[str, object] = {
    "vars": {"name": "Mere", "n": 2, "due": DUE, "big": "x" * 8_000, "none": None, "url": "a b&c"}
    | {"script": "javascript:alert(1)", "markup": MARKUP},
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
    "script": "string",
    "markup": "string",
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
        (
            {"type": "banner", "url": "https://example.org/{{ vars.n }}.jpg", "alt": "Sea", "height": "tall"},
            {"url": "https://example.org/2.jpg", "media": "image", "alt": "Sea", "height": "tall"},
        ),
        (
            {
                "type": "video",
                "url": "https://example.org/v",
                "thumbnail": "https://example.org/{{ vars.n }}",
            },
            {"url": "https://example.org/v", "thumbnail": "https://example.org/2"},
        ),
        (
            {"type": "image", "url": "https://example.org/a", "height": "short"},
            {"url": "https://example.org/a", "height": "short"},
        ),
        ({"type": "text", "text": "a", "icon": "bell"}, {"text": "a", "icon": "bell"}),
        ({"type": "progress", "value": 30, "label": "{{ vars.n }}"}, {"value": 0.3, "label": "2"}),
        ({"type": "progress", "value": "=vars.n", "max": 3}, {"value": 0.6667}),
        ({"type": "progress", "value": 7, "max": "=vars.n"}, {"value": 1.0}),
        ({"type": "progress", "value": -1}, {"value": 0.0}),
        ({"type": "progress", "value": "=vars.none", "max": 3}, {}),
        ({"type": "progress", "value": 0, "max": "=vars.n - 2"}, {}),
        ({"type": "progress", "label": "Soon"}, {"label": "Soon"}),
        (
            {"type": "time_input", "name": "x", "min": "=vars.due", "max": "23:30", "step": 15},
            {"name": "x", "min": "09:30", "max": "23:30", "step": 15},
        ),
        (
            {"type": "radio", "name": "x", "options": [{"value": 1, "label": "{{ vars.n }}"}], "default": 1},
            {"name": "x", "options": [{"value": 1, "label": "2"}], "default": 1},
        ),
        (
            {"type": "stepper", "name": "x", "min": 0, "max": "=vars.n", "step": 0.5, "default": 1},
            {"name": "x", "min": 0, "max": 2, "step": 0.5, "default": 1},
        ),
        (
            {"type": "rating", "name": "x", "max": 7, "icon": "heart", "default": "=vars.n"},
            {"name": "x", "max": 7, "icon": "heart", "default": 2},
        ),
        (
            {"type": "file_upload", "name": "x", "accept": ["image/*"], "max_bytes": 9, "placeholder": "No"},
            {"name": "x", "accept": ["image/*"], "max_bytes": 9, "placeholder": "No"},
        ),
        (
            {"type": "switch", "name": "x", "placeholder": "{{ vars.n }}", "messages": {"required": "On!"}},
            {"name": "x", "placeholder": "2", "messages": {"required": "On!"}},
        ),
        ({"type": "link", "label": "Go", "payload": {"n": "=vars.n"}}, {"label": "Go", "payload": {"n": 2}}),
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


@pytest.mark.parametrize(
    "written",
    [
        {"type": "link", "label": "x", "url": "{{ vars.url }}"},
        {"type": "link", "label": "x", "url": "{{ vars.script }}"},
        {"type": "image", "url": "{{ vars.script }}"},
        {"type": "banner", "url": "https://example.org", "thumbnail": "{{ vars.script }}"},
        {"type": "number_input", "name": "x", "min": "{{ vars.n }}"},
        {"type": "time_input", "name": "x", "default": "{{ vars.n }}"},
        {"type": "progress", "value": "{{ vars.name }}"},
    ],
)
def test_values_that_make_no_card_fail_the_rendering(written: dict[str, Any]) -> None:
    with pytest.raises(EvaluationError):
        rendered(written)


@pytest.mark.parametrize("type", ["text", "headline", "category"])
def test_markup_in_a_value_stays_text(type: str) -> None:
    assert element(type=type, text="{{ vars.markup }}") == {"text": MARKUP}


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


# --- subviews ------------------------------------------------------------------------------------------

TO_TERMS = {"type": "link", "label": "Terms", "subview": "terms"}
TO_FINE = {"type": "link", "label": "Fine print", "subview": "fine"}
WHY = {"type": "text_input", "name": "why", "required": True}
GO = {"type": "submit", "name": "go", "label": "Go"}


def test_a_subview_goes_with_the_card_and_its_inputs_into_the_one_form() -> None:
    terms = {"title": "For {{ vars.name }}", "body": [{"type": "text", "text": "x"}, WHY]}
    card = rendered(TO_TERMS, GO, subviews={"terms": terms})
    assert card.view.view["subviews"] == {
        "terms": {
            "title": "For Mere",
            "body": [
                {"type": "text", "id": "text_3", "text": "x"},
                {"type": "text_input", "id": "why", "name": "why", "required": True},
            ],
        }
    }
    assert card.form["inputs"] == {"why": {"type": "text_input", "required": True}}
    assert check_values(card.form, "go", {})[1][0]["code"] == "required"


def test_subviews_lead_to_one_another_and_are_sent_in_the_order_of_the_source() -> None:
    subviews = {
        "fine": {"body": [{"type": "link", "label": "Back", "subview": "terms"}]},
        "terms": {"body": [TO_FINE]},
    }
    view = rendered(TO_TERMS, subviews=subviews).view.view
    assert list(view["subviews"]) == ["fine", "terms"]  # type: ignore[call-overload]  # an object


@pytest.mark.parametrize("hidden", ["vars.n > 5", "customer.missing == 1"])
def test_a_subview_to_which_nothing_shown_leads_is_not_sent_and_asks_nothing(hidden: str) -> None:
    subviews = {"terms": {"body": [WHY, TO_FINE]}, "fine": {"body": []}}
    card = rendered({**TO_TERMS, "when": hidden}, GO, subviews=subviews)
    assert card.view.view["subviews"] == {}
    assert check_values(card.form, "go", {}) == ({}, ())


def test_a_card_shows_so_many_elements_over_all_its_screens() -> None:
    bodies = {f"s{n}": {"body": [{"type": "divider"}] * 100} for n in range(SHOWN_ELEMENTS_MAX // 100)}
    links = [{"type": "link", "label": "x", "subview": name} for name in bodies]
    with pytest.raises(EvaluationError) as refused:
        rendered(*links, subviews=bodies)
    assert refused.value.code == "too_many_elements"
    bodies["s0"] = {"body": [{"type": "divider"}] * (100 - len(links))}
    rendered(*links, subviews=bodies)


LOOP = "{% for n in (1..400) %}{% for m in (1..10) %}{% endfor %}{% endfor %}"


def test_templates_of_a_card_share_a_bounded_effort() -> None:
    rendered({"type": "headline", "text": LOOP})
    with pytest.raises(EvaluationError) as refused:
        rendered(*[{"type": "headline", "text": LOOP}] * 20)
    assert (refused.value.code, "together" in refused.value.message) == ("too_many_steps", True)


def test_repeats_that_cost_too_much_end_with_what_there_was_room_for() -> None:
    card = rendered({"type": "headline", "text": LOOP, "each": [1] * 100}, {"type": "dismiss", "label": "No"})
    body = card.view.view["body"]
    assert isinstance(body, list)
    assert 1 < len(body) < 50
    assert body[-1]["type"] == "dismiss"
    assert {error.code for _, error in card.failed} == {"too_many_steps"}


def test_data_menu_and_runtime_variables_come_with_the_view() -> None:
    card = rendered(
        {"type": "text", "text": "Balance {{ runtime.balance }}"},
        title="For {{ vars.name }}",
        data={"due": "=vars.due", "n": "=vars.n", "text": "{{ vars.n }}"},
        menu={"snooze": True},
        snooze={"presets": ["PT1H"], "custom": True, "notify": True},
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
    assert card.menu == {
        "snooze": True,
        "snooze_presets": ["PT1H"],
        "snooze_custom": True,
        "snooze_notify": True,
    }
    assert card.runtime_variables == {"balance": {"default": "2?"}}


def test_a_card_without_templates_is_made_once() -> None:
    body = template({"type": "text", "text": "**a**"}, {"type": "dismiss", "label": "No"}).screen.body
    assert all(each.wire.is_fixed for each in body)


VARIABLES = {
    "policy-renewal": {"policy": "P-7", "due": DUE, "premium": 420.5, "reminders": 2},
    "order-delivery": {
        "order": "4711",
        "items": [{"name": "Tea", "count": 2.0}],
        "status": "out",
        "eta": DUE,
    },
    "feedback": {"branch": "Ponsonby", "visited": None, "score": 0.0},
    "gallery": {
        "site": "https://example.org",
        "done": 1,
        "lines": [{"name": "Tea", "count": 2.0}, {"name": "Milk", "count": 1.0}],
    },
}


# What the cards of the others show comes from steps: their own tests run them.
EXAMPLES = [path for path in FLOWS if path.stem in VARIABLES]


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_the_examples_render_to_what_the_wire_types_say(path: Path) -> None:
    compiled = check(path.read_text(), type="yaml")
    assert compiled.flow is not None
    assert {problem.code for problem in compiled.problems} <= {"no_uploads"}
    for card in compiled.flow.cards.values():
        made = render(card, {**CONTEXT, "vars": VARIABLES[path.stem]}, SETTING)
        assert made.failed == ()
        wire = msgspec.json.encode(made.view)
        again = msgspec.json.encode(msgspec.json.decode(wire, type=view_types.Rendered))
        assert msgspec.json.decode(again) == msgspec.json.decode(wire)

"""Elements that are repeated for the items of a list: bounded, and each by itself (flow format §7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from rules.cards.form import check_values
from rules.cards.view import Rendered, render
from rules.compiling.flows import Compiled, check
from rules.errors import EvaluationError
from rules.limits import EACH_COUNT_MAX, SHOWN_ELEMENTS_MAX
from rules.text.printing import Setting

ITEMS: list[object] = [{"name": "Tea", "n": 2.0}, {"name": "*Milk*", "n": 0.0}, {"n": 1.0}]
GO = {"type": "submit", "name": "go", "label": "Go"}


def compiled(*body: dict[str, Any], **card: Any) -> Compiled:
    variables = {"items": {"type": "list"}, "text": {"type": "string"}}
    flow = {
        "flow": "a",
        "variables": variables,
        "start": "s",
        "steps": {"s": {"type": "send_card", "card": "c"}},
        "cards": {"c": {"body": list(body), **card}},
    }
    return check(msgspec.json.encode(flow), type="json")


def rendered(*body: dict[str, Any], items: object = ITEMS, **more: object) -> Rendered:
    made = compiled(*body)
    assert made.flow is not None, made.problems
    context: Mapping[str, object] = {"vars": {"items": items, **more}, "now": None, "steps": {}}
    return render(made.flow.cards["c"], context, Setting())


def body(*written: dict[str, Any], items: object = ITEMS) -> list[dict[str, Any]]:
    shown = rendered(*written, items=items).view.view["body"]
    assert isinstance(shown, list)
    return shown


def test_an_element_is_shown_for_each_item_with_the_item_s_values() -> None:
    shown = body({"type": "text", "each": "=vars.items", "text": "{{ item_number }}. {{ item.name }}"})
    assert shown == [
        {"type": "text", "id": "text_1.1", "text": "1. Tea"},
        {"type": "text", "id": "text_1.2", "text": "2. *Milk*"},
        {"type": "text", "id": "text_1.3", "text": "3. "},
    ]


def test_every_kind_of_field_can_read_the_item() -> None:
    (shown,) = body(
        {
            "type": "stepper",
            "name": "count",
            "each": "=vars.items",
            "as": "line",
            "when": "line.n == 2",
            "label": "{{ line.name }}",
            "default": "=line.n",
            "max": "=line.n + line_number",
            "messages": {"max": "Only {{ line.n }}"},
        }
    )
    assert shown == {
        "type": "stepper",
        "id": "count.1",
        "name": "count.1",
        "label": "Tea",
        "default": 2.0,
        "min": 0,
        "max": 3.0,
        "step": 1,
        "messages": {"max": "Only 2"},
    }


@pytest.mark.parametrize("items", [[], None])
def test_an_empty_list_shows_nothing(items: object) -> None:
    assert body({"type": "divider", "each": "=vars.items"}, items=items) == []


def test_a_literal_list_is_as_good() -> None:
    shown = body({"type": "headline", "each": ["a", {"b": 1}], "text": "{{ item }}"})
    assert [each["text"] for each in shown] == ["a", '{"b":1}']


@pytest.mark.parametrize("items", ["text", 5, {"a": 1}])
def test_what_is_no_list_fails_the_card(items: object) -> None:
    with pytest.raises(EvaluationError) as refused:
        rendered({"type": "divider", "each": "=vars.items"}, items=items)
    assert refused.value.code == "wrong_type"


def test_a_fault_in_one_item_leaves_out_that_item_alone_and_is_told() -> None:
    card = rendered(
        {"type": "text", "each": "=vars.items", "text": "=item.name"},
        {
            "type": "link",
            "label": "x",
            "each": "=vars.items",
            "when": "item.n < 2",
            "url": "{{ item.name }}",
        },
    )
    assert [each["id"] for each in card.view.view["body"]] == ["text_1.1", "text_1.2"]  # type: ignore[attr-defined]  # a list
    assert [id for id, _ in card.failed] == ["text_1.3", "link_2.2", "link_2.3"]


def test_so_many_items_are_shown_and_the_rest_is_told() -> None:
    divider = {"type": "divider", "each": "=vars.items"}
    assert rendered(divider, items=[1] * EACH_COUNT_MAX).failed == ()
    card = rendered(divider, items=[1] * (EACH_COUNT_MAX + 2))
    assert len(card.view.view["body"]) == EACH_COUNT_MAX  # type: ignore[arg-type]  # a list
    ((id, error),) = card.failed
    assert (id, error.code) == ("divider_1", "too_many_items")
    assert error.message.startswith("2 items")


def test_repeats_count_against_what_a_card_may_show() -> None:
    dividers = [{"type": "divider", "each": "=vars.items"}] * (SHOWN_ELEMENTS_MAX // EACH_COUNT_MAX)
    rendered(*dividers, items=[1] * EACH_COUNT_MAX)
    with pytest.raises(EvaluationError) as refused:
        rendered(*dividers, {"type": "divider"}, items=[1] * EACH_COUNT_MAX)
    assert refused.value.code == "too_many_elements"


def test_repeated_inputs_and_buttons_are_names_of_their_own_in_the_form() -> None:
    card = rendered(
        {"type": "text_input", "name": "note", "each": "=vars.items", "max_length": 3},
        {"type": "submit", "name": "buy", "label": "Buy", "each": "=vars.items", "values": {"n": "=item.n"}},
    )
    assert list(card.form["inputs"]) == ["note.1", "note.2", "note.3"]  # type: ignore[call-overload]  # an object
    assert check_values(card.form, "buy.1", {"note.2": "hm"}) == ({"note": [None, "hm", None], "n": 2.0}, ())
    assert check_values(card.form, "buy", {})[1][0]["code"] == "unknown_button"


def test_a_link_in_a_repeat_leads_to_its_subview() -> None:
    made = compiled(
        {"type": "link", "label": "{{ item }}", "each": ["a", "b"], "subview": "more"},
        subviews={"more": {"body": [{"type": "divider"}]}},
    )
    assert made.flow is not None
    view = render(made.flow.cards["c"], {}, Setting()).view.view
    assert [each["label"] for each in view["body"]] == ["a", "b"]  # type: ignore[attr-defined]  # a list
    assert list(view["subviews"]) == ["more"]  # type: ignore[call-overload]  # an object


@pytest.mark.parametrize(
    ("written", "code", "key"),
    [
        ({"each": "vars.items"}, "wrong_type", "each"),
        ({"each": "=vars.text"}, "wrong_type", "each"),
        ({"each": "=vars.itms"}, "unknown_name", "each"),
        ({"each": 5}, "wrong_type", "each"),
        ({"each": [1] * (EACH_COUNT_MAX + 1)}, "bad_value", "each"),
        ({"as": "line"}, "missing_key", "as"),
        ({"each": "=vars.items", "as": "vars"}, "reserved_name", "as"),
        ({"each": "=vars.items", "as": "runtime"}, "reserved_name", "as"),
        ({"each": "=vars.items", "as": "Line"}, "bad_value", "as"),
        ({"each": "=vars.items", "text": "{{ line.name }}"}, "unknown_name", "text"),
        ({"each": "=item.more"}, "unknown_name", "each"),
        ({"text": "{{ item.name }}"}, "unknown_name", "text"),
    ],
)
def test_what_is_wrong_with_a_repeat_is_told_where_it_stands(
    written: dict[str, Any], code: str, key: str
) -> None:
    problems = compiled({"type": "text", "text": "x", **written}).problems
    assert [(problem.code, problem.pointer) for problem in problems if problem.severity == "error"] == [
        (code, f"/cards/c/body/0/{key}")
    ]


def test_what_a_repeated_input_got_is_a_list_for_expressions() -> None:
    flow = {
        "flow": "a",
        "variables": {"sum": {"type": "number"}},
        "start": "s",
        "steps": {
            "s": {"type": "send_card", "card": "c", "next": "w"},
            "w": {
                "type": "wait",
                "until": [{"id": "x", "type": "card", "of": "s", "action": "completed", "next": "set"}],
            },
            "set": {"type": "set", "variables": {"sum": "=sum(steps.s.card.values.count)"}},
        },
        "cards": {"c": {"body": [{"type": "stepper", "name": "count", "each": [1, 2]}, GO]}},
    }
    assert check(msgspec.json.encode(flow), type="json").flow is not None
    flow["steps"]["set"]["variables"]["sum"] = "=steps.s.card.values.count + 1.0"  # type: ignore[index]  # plain data
    problems = check(msgspec.json.encode(flow), type="json").problems
    assert [problem.code for problem in problems if problem.severity == "error"] == ["type_mismatch"]

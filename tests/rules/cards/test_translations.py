"""A card speaks the customer's language, as far as it was translated; what does not fit is told (§7.1)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rules.cards.view import render
from rules.compiling.flows import Compiled, check
from rules.text.printing import Setting

CARD: dict[str, Any] = {
    "title": "Renewal",
    "body": [
        {"type": "headline", "text": "Hello {{ vars.name }}"},
        {"type": "list", "items": ["one", "two"]},
        {"type": "fields", "items": [{"label": "Ends", "value": "{{ vars.name }}"}]},
        {"type": "image", "url": "https://example.org/a.png", "alt": "A dog"},
        {
            "type": "radio",
            "name": "cover",
            "label": "Cover",
            "options": [{"value": "full", "label": "Full"}, {"value": 1, "label": "One"}],
            "messages": {"required": "Choose"},
        },
        {"type": "link", "label": "Terms", "subview": "terms", "id": "to_terms"},
        {"type": "submit", "name": "go", "label": "Go", "values": {"x": 1}, "when": "vars.name != ''"},
    ],
    "subviews": {"terms": {"title": "Terms", "body": [{"type": "text", "text": "**Fine** {{ runtime.b }}"}]}},
    "runtime_variables": {"b": {"default": "none"}},
}
MI: dict[str, Any] = {
    "title": "Whakahou",
    "body": [
        {"text": "Kia ora {{ vars.name }}"},
        {"items": ["tahi", "rua"]},
        {"items": [{"label": "Mutunga"}]},
        {"name": "go", "label": "Haere"},
        {
            "name": "cover",
            "options": [{"value": 1, "label": "Tahi"}],
            "placeholder": "Kōwhiri",
            "messages": {"required": "Kōwhiria", "options": "Kāo"},
        },
    ],
    "subviews": {"terms": {"title": "Ture", "body": [{"type": "text", "text": "**Ture** {{ runtime.b }}"}]}},
    "runtime_variables": {"b": {"default": "kore"}},
}


def compiled(translations: dict[str, Any], **card: Any) -> Compiled:
    flow = {
        "flow": "a",
        "variables": {"name": {"type": "string", "required": True}},
        "start": "s",
        "steps": {"s": {"type": "send_card", "card": "c"}},
        "cards": {"c": {**CARD, "translations": translations, **card}},
    }
    return check(msgspec.json.encode(flow), type="json")


def shown(translations: dict[str, Any], locale: str) -> dict[str, Any]:
    made = compiled(translations)
    assert made.flow is not None, made.problems
    card = render(made.flow.cards["c"], {"vars": {"name": "Mere"}}, Setting(locale=locale))
    view = msgspec.to_builtins(card.view)
    assert isinstance(view, dict)
    return {**view["view"], "runtime_variables": view["runtime_variables"], "form": card.form}


def test_translated_texts_stand_in_the_place_of_the_card_s_own() -> None:
    view = shown({"mi": MI}, "mi")
    headline, items, pairs, image, cover, link, go = view["body"]
    assert view["title"] == "Whakahou"
    assert headline["text"] == "Kia ora Mere"
    assert items["items"] == ["tahi", "rua"]
    assert pairs["items"] == [{"label": "Mutunga", "value": "Mere"}]
    assert (image["alt"], link["label"], go["label"]) == ("A dog", "Terms", "Haere")
    assert (cover["label"], cover["placeholder"]) == ("Cover", "Kōwhiri")
    assert cover["options"] == [{"value": "full", "label": "Full"}, {"value": 1, "label": "Tahi"}]
    assert view["subviews"]["terms"]["title"] == "Ture"
    assert view["subviews"]["terms"]["body"][0]["text"][0]["children"][0]["text"] == "Ture"
    assert view["runtime_variables"] == {"b": {"default": "kore"}}
    assert view["form"]["inputs"]["cover"]["messages"] == {"required": "Kōwhiria", "options": "Kāo"}
    assert view["form"]["submits"] == {"go": {"values": {"x": 1}}}


def test_structure_and_ids_are_the_same_in_every_language() -> None:
    def outline(locale: str) -> list[tuple[str, str]]:
        return [(element["type"], element["id"]) for element in shown({"mi": MI}, locale)["body"]]

    assert outline("mi") == outline("en")


@pytest.mark.parametrize(
    ("locale", "headline", "go"),
    [
        ("en", "Hello Mere", "Go"),
        ("mi", "Kia ora Mere", "Go"),
        ("mi-AU", "Kia ora Mere", "Go"),
        ("mi_NZ", "Tēnā koe Mere", "Haere"),
        ("mi-NZ-x", "Tēnā koe Mere", "Haere"),
        ("de", "Hello Mere", "Los"),
        ("m", "Hello Mere", "Go"),
    ],
)
def test_each_text_falls_back_from_locale_to_language_to_the_card_itself(
    locale: str, headline: str, go: str
) -> None:
    translations = {
        "mi-NZ": {"body": [{"name": "go", "label": "Haere"}, {}, {}, {}, {}, {}]},
        "mi": {"body": [{"text": "Kia ora {{ vars.name }}"}]},
        "de": {"body": [{"id": "go", "label": "Los"}]},
    }
    translations["mi-NZ"]["body"].append({"label": "Haere"})
    translations["mi-NZ"]["body"][0] = {"text": "Tēnā koe {{ vars.name }}"}
    view = shown(translations, locale)
    assert (view["body"][0]["text"], view["body"][-1]["label"]) == (headline, go)


def test_a_region_keeps_what_its_language_says_and_it_does_not() -> None:
    translations = {"mi": MI, "mi-NZ": {"body": [{"name": "go", "label": "Kia tere"}]}}
    view = shown(translations, "mi-NZ")
    assert (view["body"][0]["text"], view["body"][-1]["label"]) == ("Kia ora Mere", "Kia tere")


def test_a_card_with_translations_goes_by_its_customer() -> None:
    assert not compiled({}).flow.reads_customer  # type: ignore[union-attr]  # it compiles
    assert compiled({"mi": {}}).flow.reads_customer  # type: ignore[union-attr]  # it compiles


def test_an_entry_that_says_nothing_is_for_no_element() -> None:
    body = [{"name": "go", "label": "Haere"}, *[{}] * 9]
    assert shown({"mi": {"body": body}}, "mi")["body"][-1]["label"] == "Haere"


def at(number: int, **texts: object) -> dict[str, Any]:
    """Texts for the element in that place, none for those before."""
    return {"body": [*[{}] * number, texts]}


@pytest.mark.parametrize(
    ("translation", "code", "place"),
    [
        (at(0, text="{{ vars.nam }}"), "unknown_name", "/body/0/text"),
        (at(0, text="x", when="true"), "unknown_key", "/body/0/when"),
        (at(0, label="x"), "bad_translation", "/body/0/label"),
        (at(0, type="text", text="x"), "bad_translation", "/body/0/type"),
        (at(0, id="hedline", text="x"), "unknown_element", "/body/0/id"),
        (at(0, name="cver", label="x"), "unknown_element", "/body/0/name"),
        (at(7, text="x"), "unknown_element", "/body/7"),
        ({"body": [{"name": "go", "label": "x"}, {"id": "go", "label": "y"}]}, "duplicate_id", "/body/1"),
        (at(1, items=["a"]), "bad_translation", "/body/1/items"),
        (at(1, items=["a", {"label": "x"}]), "bad_translation", "/body/1/items/1"),
        (at(2, items=["a"]), "bad_translation", "/body/2/items/0"),
        (at(2, items=[{"label": "{{ x }}"}]), "unknown_name", "/body/2/items/0/label"),
        (at(4, options=[{"value": "no", "label": "x"}]), "bad_translation", "/body/4/options/0"),
        (at(4, options=[{"value": True, "label": "x"}]), "bad_translation", "/body/4/options/0"),
        (at(4, options=[{"label": "{{ x }}"}]), "unknown_name", "/body/4/options/0/label"),
        (at(4, options=[{"label": "x"}] * 3), "bad_translation", "/body/4/options/2"),
        (at(4, messages={"min": "{{ x }}"}), "unknown_name", "/body/4/messages/min"),
        (at(4, messages={"mini": "x"}), "bad_value", "/body/4/messages/mini"),
        ({"title": "{{ x }}"}, "unknown_name", "/title"),
        ({"subviews": {"trms": {}}}, "unknown_subview", "/subviews/trms"),
        ({"subviews": {"terms": at(1, text="x")}}, "unknown_element", "/subviews/terms/body/1"),
        ({"subviews": {"terms": at(0, text="{{ x }}")}}, "unknown_name", "/subviews/terms/body/0/text"),
        ({"runtime_variables": {"c": {"default": "x"}}}, "unknown_variable", "/runtime_variables/c"),
        ({"data": {}}, "unknown_key", "/data"),
    ],
)
def test_what_does_not_fit_the_card_is_told_where_it_stands(
    translation: dict[str, Any], code: str, place: str
) -> None:
    problems = compiled({"mi": translation}).problems
    assert [(problem.code, problem.pointer) for problem in problems if problem.severity == "error"] == [
        (code, f"/cards/c/translations/mi{place}")
    ]


@pytest.mark.parametrize("locale", ["Maori", "m", "mi-", "mi--NZ", "../mi", "mi NZ", ""])
def test_what_is_no_locale_is_refused(locale: str) -> None:
    assert [problem.code for problem in compiled({locale: {}}).problems] == ["bad_value"]


def test_one_locale_spelled_twice_is_refused() -> None:
    (problem,) = compiled({"mi-NZ": {}, "mi_nz": {}}).problems
    assert (problem.code, problem.severity) == ("duplicate_id", "error")


def test_a_fault_of_the_card_itself_is_told_once_whatever_its_languages() -> None:
    broken = {"body": [{"type": "headline", "text": "x"}, {"type": "text", "text": "{{ vars.x }}"}]}
    problems = compiled({"mi": at(0, text="y"), "de": at(0, text="z")}, **broken).problems
    assert [each.pointer for each in problems if each.severity == "error"] == ["/cards/c/body/1/text"]

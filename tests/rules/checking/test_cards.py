"""What is wrong with a card template beside its sources: names, subviews, bounds, what has no effect."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rules.compiling.flows import check

DISMISS: dict[str, Any] = {"type": "dismiss", "label": "No"}
URL = "https://example.org/a"
TERMS = {"type": "link", "label": "Terms", "subview": "terms"}
OPTIONS = [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]


def problems(body: list[dict[str, Any]], **card: Any) -> list[tuple[str, str]]:
    flow = {
        "flow": "a",
        "start": "s",
        "steps": {"s": {"type": "send_card", "card": "c"}},
        "cards": {"c": {"body": [*body, DISMISS], **card}},
    }
    found = check(msgspec.json.encode(flow), type="json").problems
    return [(problem.code, problem.pointer.removeprefix("/cards/c")) for problem in found]


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({"type": "image", "url": URL}, ("missing_alt", "")),
        ({"type": "video", "url": URL}, ("missing_alt", "")),
        ({"type": "banner", "url": URL}, ("missing_alt", "")),
        ({"type": "banner", "url": URL, "alt": "x", "thumbnail": URL}, ("has_no_effect", "/thumbnail")),
        ({"type": "banner", "url": URL, "alt": "x", "media": "video", "thumbnail": URL}, None),
        ({"type": "image", "url": URL, "alt": "x", "height": "huge"}, ("bad_value", "/height")),
        ({"type": "image", "url": "javascript:x", "alt": "x"}, ("bad_link", "/url")),
        ({"type": "video", "url": URL, "alt": "x", "thumbnail": "data:x"}, ("bad_link", "/thumbnail")),
        ({"type": "link", "label": "x"}, ("choose_one", "")),
        ({"type": "link", "label": "x", "payload": {}, "url": URL}, ("choose_one", "/payload")),
        ({"type": "submit", "name": "x", "label": "x", "url": URL, "payload": 1}, ("choose_one", "/payload")),
        ({"type": "progress", "max": 0}, ("bad_bounds", "/max")),
        ({"type": "progress", "value": True}, ("wrong_type", "/value")),
        ({"type": "text_input", "name": "x", "pattern": "("}, ("bad_pattern", "/pattern")),
        (
            {"type": "text_input", "name": "x", "min_length": 3, "max_length": 2},
            ("bad_bounds", "/min_length"),
        ),
        ({"type": "time_input", "name": "x", "min": "10:00", "max": "09:00"}, ("bad_bounds", "/min")),
        ({"type": "time_input", "name": "x", "default": "9:00"}, ("wrong_type", "/default")),
        ({"type": "time_input", "name": "x", "step": 0}, ("bad_value", "/step")),
        ({"type": "radio", "name": "x", "options": []}, ("bad_value", "/options")),
        ({"type": "radio", "name": "x", "options": OPTIONS, "default": "c"}, ("bad_default", "/default")),
        (
            {"type": "radio", "name": "x", "options": [*OPTIONS, OPTIONS[0]]},
            ("duplicate_id", "/options/2/value"),
        ),
        ({"type": "stepper", "name": "x", "min": 5, "max": 4}, ("bad_bounds", "/min")),
        ({"type": "stepper", "name": "x", "step": 0}, ("bad_bounds", "/step")),
        ({"type": "stepper", "name": "x", "default": -1}, ("bad_default", "/default")),
        ({"type": "stepper", "name": "x", "default": "=1", "max": "=0"}, None),
        ({"type": "rating", "name": "x", "max": 11}, ("bad_value", "/max")),
        ({"type": "rating", "name": "x", "default": 6}, ("bad_default", "/default")),
        ({"type": "rating", "name": "x", "default": 0}, ("bad_default", "/default")),
        ({"type": "rating", "name": "x", "icon": "<svg>"}, ("bad_value", "/icon")),
        ({"type": "file_upload", "name": "x"}, ("no_uploads", "")),
        ({"type": "file_upload", "name": "x", "accept": ["png"]}, ("bad_value", "/accept/0")),
        ({"type": "file_upload", "name": "x", "default": "y"}, ("unknown_key", "/default")),
        ({"type": "file_upload", "name": "x", "max_bytes": 0}, ("bad_value", "/max_bytes")),
        ({"type": "text_input", "name": "x", "messages": {"length": "x"}}, ("bad_value", "/messages/length")),
        ({"type": "switch", "name": "x", "messages": {"min": "x"}}, ("has_no_effect", "/messages/min")),
        ({"type": "switch", "name": "x", "messages": {"required": "x"}}, None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_element_is_checked_by_itself(element: dict[str, Any], expected: tuple[str, str] | None) -> None:
    found = [(code, pointer.removeprefix("/body/0")) for code, pointer in problems([element])]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("body", "card", "expected"),
    [
        ([TERMS], {}, [("unknown_subview", "/body/0/subview")]),
        ([TERMS], {"subviews": {"terms": {}}}, []),
        ([{**TERMS, "url": URL}], {"subviews": {"terms": {}}}, [("choose_one", "/body/0/subview")]),
        ([], {"subviews": {"terms": {}}}, [("unreachable_subview", "/subviews/terms")]),
        (
            [],
            {"subviews": {"terms": {"body": [TERMS]}}},
            [("unreachable_subview", "/subviews/terms")],
        ),
        (
            [{**TERMS, "subview": "more"}],
            {"subviews": {"terms": {"body": [{**TERMS, "subview": "more"}]}, "more": {"body": [TERMS]}}},
            [],
        ),
        (
            [TERMS],
            {"subviews": {"terms": {"body": [{**TERMS, "subview": "trms"}]}}},
            [("unknown_subview", "/subviews/terms/body/0/subview")],
        ),
        (
            [TERMS, {"type": "text_input", "name": "x"}],
            {"subviews": {"terms": {"body": [{"type": "switch", "name": "x"}]}}},
            [("duplicate_id", "/subviews/terms/body/0/name")],
        ),
        (
            [TERMS, {"type": "divider", "id": "x"}],
            {"subviews": {"terms": {"body": [{"type": "divider", "id": "x"}]}}},
            [("duplicate_id", "/subviews/terms/body/0/id")],
        ),
        (
            [TERMS],
            {"subviews": {"terms": {"body": [{"type": "image", "url": URL}]}}},
            [("missing_alt", "/subviews/terms/body/0")],
        ),
        ([], {"menu": {"feedback": True}}, [("has_no_effect", "/menu/feedback")]),
        ([], {"menu": {"feedback": True, "vote": True}}, []),
        ([], {"snooze": {"notify": True}}, [("has_no_effect", "/snooze")]),
        ([], {"snooze": {"notify": True}, "menu": {"snooze": True}}, []),
        ([{"type": "snooze", "label": "Later"}], {"snooze": {"presets": ["PT1H"]}}, []),
    ],
)
def test_card_is_checked_as_a_whole(
    body: list[dict[str, Any]], card: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert problems(body, **card) == expected


def test_a_button_in_a_subview_closes_the_card_and_can_be_waited_for() -> None:
    submit = {"type": "submit", "name": "agree", "label": "I agree"}
    flow = {
        "flow": "a",
        "start": "s",
        "steps": {
            "s": {"type": "send_card", "card": "c", "next": "w"},
            "w": {
                "type": "wait",
                "until": [
                    {"id": "ok", "type": "card", "of": "s", "action": "completed", "button": "agree"},
                    {"id": "late", "type": "time", "after": "P1D"},
                ],
                "close": ["s"],
            },
        },
        "cards": {"c": {"body": [TERMS], "subviews": {"terms": {"body": [submit]}}}},
    }
    assert check(msgspec.json.encode(flow), type="json").problems == ()

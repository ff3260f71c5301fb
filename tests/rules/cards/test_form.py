"""Forms: what a card takes back as a whole."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cards.form import allows, check_values, form_of, gathered, submit_rules
from rules.cards.names import item_number, numbered, written_name
from rules.limits import VALUE_ERROR_COUNT_MAX

TEXT = {"type": "text_input"}


def test_unknown_inputs_are_refused_with_the_nearest_name() -> None:
    form = {"inputs": {"cover": TEXT}, "submits": {"go": {}}}
    cleaned, errors = check_values(form, "go", {"cver": "x", "a/b": 1})
    assert cleaned == {}
    assert [(each["pointer"], each["code"]) for each in errors] == [
        ("/values/cver", "unknown_input"),
        ("/values/a~1b", "unknown_input"),
    ]
    assert 'Did you mean "cover"?' in errors[0]["message"]


def test_the_author_s_message_is_told_instead_of_ours() -> None:
    form = {
        "inputs": {"x": TEXT | {"required": True, "messages": {"required": "Please!"}}},
        "submits": {"go": {}},
    }
    assert check_values(form, "go", {})[1][0]["message"] == "Please!"


def test_the_button_s_own_values_win() -> None:
    form: dict[str, Any] = {"inputs": {"x": TEXT}, "submits": {"go": {"values": {"x": "ours", "y": 1}}}}
    assert check_values(form, "go", {"x": "theirs"}) == ({"x": "ours", "y": 1}, ())


def test_a_button_that_is_not_there_is_refused() -> None:
    assert check_values({"submits": {"go": {}}}, "og", {})[1][0]["code"] == "unknown_button"
    assert check_values({}, None, {})[1][0]["code"] == "unknown_button"


def test_a_bare_submit_needs_a_card_with_a_submit_button() -> None:
    form = {"inputs": {"x": TEXT | {"required": True}}, "submits": {"go": {"values": {"y": 1}}}}
    assert check_values(form, None, {"x": "a"}) == ({"x": "a"}, ())
    assert submit_rules(form, None) == {}
    assert submit_rules({}, None) is None


def test_only_so_many_errors_are_told() -> None:
    form: dict[str, Any] = {"submits": {"go": {}}}
    values = {f"x{number}": 1 for number in range(VALUE_ERROR_COUNT_MAX + 1)}
    assert len(check_values(form, "go", values)[1]) == VALUE_ERROR_COUNT_MAX


@pytest.mark.parametrize(
    ("form", "action", "expected"),
    [
        ({"dismiss": True}, "dismiss", True),
        ({}, "dismiss", False),
        ({}, "snooze", False),
        ({"vote": True}, "vote_down", True),
        ({}, "vote_up", False),
        ({"submits": {"go": {}}}, "submit", True),
        ({}, "submit", False),
        ({}, "displayed", True),
        ({}, "unsnooze", True),
    ],
)
def test_a_card_allows_what_it_offers(form: dict[str, Any], action: str, expected: bool) -> None:
    assert allows(form, action) is expected


class Endless(dict[str, object]):
    """Values without end: whoever looks at all of them never comes back."""

    def __iter__(self) -> Iterator[str]:
        return (f"x{number}" for number in count())


def test_no_more_unknown_inputs_are_looked_at_than_are_told() -> None:
    assert len(check_values({"submits": {"go": {}}}, "go", Endless())[1]) == VALUE_ERROR_COUNT_MAX


def test_a_form_holds_the_rules_of_what_is_shown_and_nothing_else() -> None:
    shown: list[tuple[dict[str, object], object]] = [
        ({"type": "text", "id": "t", "text": "Hello"}, None),
        (
            {"type": "file_upload", "id": "f", "name": "f", "label": "F", "accept": ["a/b"], "max_bytes": 9},
            None,
        ),
        (
            {"type": "stepper", "id": "n", "name": "n", "step": 2, "default": 4, "messages": {"step": "!"}},
            None,
        ),
        ({"type": "radio", "id": "r", "name": "r", "options": [{"value": True, "label": "Yes"}]}, None),
        ({"type": "submit", "id": "go.1", "name": "go.1", "label": "Go", "keep_open": True}, {"x": 1}),
        ({"type": "snooze", "id": "s", "label": "Later"}, None),
        ({"type": "link", "id": "link_7.2", "label": "More", "subview": "more"}, None),
    ]
    assert form_of({"vote": True, "snooze_notify": True, "snooze_presets": ["PT1H"]}, shown) == {
        "vote": True,
        "snooze": True,
        "snooze_notify": True,
        "links": ["link_7.2"],
        "inputs": {
            "f": {"type": "file_upload", "accept": ["a/b"], "max_bytes": 9},
            "n": {"type": "stepper", "step": 2, "messages": {"step": "!"}},
            "r": {"type": "radio", "options": [True]},
        },
        "submits": {"go.1": {"keep_open": True, "values": {"x": 1}}},
    }


# --- repeated inputs -----------------------------------------------------------------------------------

SEATS: dict[str, Any] = {
    "inputs": {"seat.1": TEXT, "seat.2": TEXT | {"required": True}, "seat.4": TEXT, "note": TEXT},
    "submits": {"go": {}},
}


def test_values_of_a_repeated_input_are_one_list_by_item() -> None:
    cleaned, errors = check_values(SEATS, "go", {"seat.1": "a", "seat.2": "b", "note": "n"})
    assert errors == ()
    assert cleaned == {"seat": ["a", "b", None, None], "note": "n"}


def test_each_repetition_is_checked_by_itself() -> None:
    _, errors = check_values(SEATS, "go", {"seat.1": 5, "seat.3": "c", "seat": ["a"]})
    assert [(error["pointer"], error["code"]) for error in errors] == [
        ("/values/seat.3", "unknown_input"),
        ("/values/seat", "unknown_input"),
        ("/values/seat.1", "type"),
        ("/values/seat.2", "required"),
    ]


def test_nothing_given_to_a_repeated_input_is_no_list() -> None:
    form: dict[str, Any] = {"inputs": {"seat.1": TEXT}, "submits": {"go": {}}}
    assert check_values(form, "go", {}) == ({}, ())


keys = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)


@given(keys, st.integers(min_value=1, max_value=100))
def test_a_numbered_name_says_what_it_was_made_of(name: str, number: int) -> None:
    assert (written_name(numbered(name, number)), item_number(numbered(name, number))) == (name, number)
    assert (written_name(name), item_number(name)) == (name, None)


@given(st.dictionaries(keys, st.dictionaries(st.integers(1, 9), st.integers(), min_size=1), max_size=4))
def test_what_is_gathered_stands_at_its_items_place(repeated: dict[str, dict[int, int]]) -> None:
    flat = {numbered(name, n): value for name, items in repeated.items() for n, value in items.items()}
    lists = gathered(flat, flat)
    assert lists.keys() == repeated.keys()
    for name, items in repeated.items():
        listed = lists[name]
        assert isinstance(listed, list)
        assert len(listed) == max(items)
        assert {n: value for n, value in enumerate(listed, 1) if value is not None} == items

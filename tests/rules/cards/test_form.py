from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cards.form import allows, check_values, compile_pattern, matches, submit_rules
from rules.documents.scalars import is_date
from rules.errors import RuleError
from rules.limits import INTEGER_MAX, VALUE_BYTES_MAX, VALUE_CHARS_MAX, VALUE_ERROR_COUNT_MAX

OPTIONS = ["full", "basic", 1, True]


def check_one(rules: dict[str, Any], value: object) -> object:
    """The cleaned value, or the code of what is wrong with it."""
    form = {"inputs": {"x": rules}, "submits": {"go": {}}}
    cleaned, errors = check_values(form, "go", {} if value is ... else {"x": value})
    if errors:
        assert errors[0]["pointer"] == "/values/x"
        return errors[0]["code"]
    return cleaned.get("x", ...)


TEXT = {"type": "text_input"}
NUMBER = {"type": "number_input"}
SWITCH = {"type": "switch"}
DATE = {"type": "date_input"}
CHOICE = {"type": "dropdown", "options": OPTIONS}
CHOICES = {"type": "checkboxes", "options": OPTIONS}


@pytest.mark.parametrize(
    ("rules", "value", "expected"),
    [
        (TEXT, "hello", "hello"),
        (TEXT, ..., ...),
        (TEXT, None, ...),
        (TEXT, "", ...),
        (TEXT, 5, "type"),
        (TEXT, "\ud800", "type"),
        (TEXT, "a\0b", "type"),
        (TEXT | {"required": True}, ..., "required"),
        (TEXT | {"required": True}, "", "required"),
        (TEXT | {"min_length": 2}, "a", "min_length"),
        (TEXT | {"min_length": 2}, "ab", "ab"),
        (TEXT | {"max_length": 2}, "ab", "ab"),
        (TEXT | {"max_length": 2}, "abc", "max_length"),
        (TEXT, "a" * VALUE_CHARS_MAX, "a" * VALUE_CHARS_MAX),
        (TEXT, "a" * (VALUE_CHARS_MAX + 1), "max_length"),
        (TEXT, "€" * (VALUE_BYTES_MAX // 3 + 1), "max_length"),
        (TEXT | {"pattern": "[0-9]{4}"}, "1234", "1234"),
        (TEXT | {"pattern": "[0-9]{4}"}, "12345", "pattern"),
        (TEXT | {"pattern": "a|b"}, "ab", "pattern"),
        (NUMBER, 5, 5.0),
        (NUMBER, 2.5, 2.5),
        (NUMBER, 0, 0.0),
        (NUMBER, True, "type"),
        (NUMBER, "5", "type"),
        (NUMBER, float("nan"), "type"),
        (NUMBER, float("inf"), "type"),
        (NUMBER, INTEGER_MAX, float(INTEGER_MAX)),
        (NUMBER, INTEGER_MAX + 1, "type"),
        (NUMBER, 10**400, "type"),
        (NUMBER | {"min": 1}, 1, 1.0),
        (NUMBER | {"min": 1}, 0, "min"),
        (NUMBER | {"max": 10}, 10.5, "max"),
        (NUMBER | {"required": True}, 0, 0.0),
        (SWITCH, True, True),
        (SWITCH, False, False),
        (SWITCH, 1, "type"),
        (SWITCH | {"required": True}, False, "required"),
        (SWITCH | {"required": True}, True, True),
        (DATE, "2028-02-29", "2028-02-29"),
        (DATE, "2027-02-29", "type"),
        (DATE, "2027-2-9", "type"),
        (DATE, "20270209", "type"),
        (DATE | {"min": "2026-03-01"}, "2026-02-28", "min"),
        (DATE | {"max": "2026-03-01"}, "2026-03-01", "2026-03-01"),
        (DATE | {"max": "2026-03-01"}, "2026-03-02", "max"),
        (CHOICE, "full", "full"),
        (CHOICE, "none", "options"),
        (CHOICE, ["full"], "options"),
        (CHOICE, 1, 1),
        (CHOICE, True, True),
        (CHOICE, False, "options"),
        (CHOICES, ["full", 1], ["full", 1]),
        (CHOICES, [], ...),
        (CHOICES | {"required": True}, [], "required"),
        (CHOICES, "full", "type"),
        (CHOICES, ["full", "full"], "options"),
        (CHOICES, [{}], "options"),
        (CHOICES, ["full"] * 5, "options"),
        (CHOICES | {"min_checked": 2}, ["full"], "min_checked"),
        (CHOICES | {"max_checked": 1}, ["full", "basic"], "max_checked"),
    ],
)
def test_values_are_held_to_the_rules_of_their_input(
    rules: dict[str, Any], value: object, expected: object
) -> None:
    checked = check_one(rules, value)
    assert checked == expected
    assert type(checked) is type(expected)


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


@pytest.mark.parametrize("pattern", ["(", "[a", "(?=x)", "\\1(a)", "a{1,1000}{1,1000}", "a" * 5000])
def test_a_pattern_that_re2_does_not_take_is_refused(pattern: str) -> None:
    with pytest.raises(RuleError) as refused:
        compile_pattern(pattern)
    assert refused.value.code == "bad_pattern"


@pytest.mark.parametrize("pattern", ['"', "\\\\", 'a"|b', "é+", "a\nb"])
def test_a_pattern_means_itself_whatever_characters_it_has(pattern: str) -> None:
    text = {'"': '"', "\\\\": "\\", 'a"|b': 'a"', "é+": "éé", "a\nb": "a\nb"}[pattern]
    assert matches(pattern, text)
    assert not matches(pattern, f"x{text}")


def test_a_hostile_pattern_takes_no_longer_than_the_text_is() -> None:
    assert not matches("(a+)+b", "a" * 4000)


def test_dates_are_days_of_the_calendar() -> None:
    assert is_date("2026-12-31")
    for text in ("2026-13-01", "0000-01-01", "2026-1-1", "٢٠٢٦-01-01", "2026-12-31 "):
        assert not is_date(text)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["t", "n", "s", "d", "c", "m", "?"]), anything))
def test_no_values_make_the_check_fail(values: dict[str, object]) -> None:
    inputs = {"t": TEXT, "n": NUMBER, "s": SWITCH, "d": DATE, "c": CHOICE, "m": CHOICES}
    cleaned, errors = check_values({"inputs": inputs, "submits": {"go": {}}}, "go", values)
    assert set(cleaned) <= set(inputs)
    assert all(set(error) == {"pointer", "code", "message"} for error in errors)

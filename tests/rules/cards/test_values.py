"""Each input holds what is submitted to its rules (flow format §7.2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cards.values import INPUTS, Wrong, check_value, compile_pattern, matches
from rules.documents.scalars import is_date
from rules.errors import RuleError
from rules.limits import INTEGER_MAX, VALUE_BYTES_MAX, VALUE_CHARS_MAX

OPTIONS = ["full", "basic", 1, True]


def checked(rules: dict[str, Any], value: object) -> object:
    """The cleaned value, or the rule that it breaks."""
    try:
        return check_value(rules, value)
    except Wrong as wrong:
        return wrong.rule if wrong.rule in ("required", *INPUTS[rules["type"]].rules) else "no rule of it"


TEXT = {"type": "text_input"}
NUMBER = {"type": "number_input"}
SWITCH = {"type": "switch"}
DATE = {"type": "date_input"}
TIME = {"type": "time_input"}
STEPPER = {"type": "stepper", "step": 1}
RATING = {"type": "rating", "max": 5}
FILE = {"type": "file_upload"}
CHOICE = {"type": "dropdown", "options": OPTIONS}
CHOICES = {"type": "checkboxes", "options": OPTIONS}


@pytest.mark.parametrize(
    ("rules", "value", "expected"),
    [
        (TEXT, "hello", "hello"),
        (TEXT, None, None),
        (TEXT, "", None),
        (TEXT, 5, "type"),
        (TEXT, "\ud800", "type"),
        (TEXT, "a\0b", "type"),
        (TEXT | {"required": True}, None, "required"),
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
        (CHOICES, [], None),
        (CHOICES | {"required": True}, [], "required"),
        (CHOICES, "full", "type"),
        (CHOICES, ["full", "full"], "options"),
        (CHOICES, [{}], "options"),
        (CHOICES, ["full"] * 5, "options"),
        (CHOICES | {"min_checked": 2}, ["full"], "min_checked"),
        (CHOICES | {"max_checked": 1}, ["full", "basic"], "max_checked"),
        (TIME, "09:30", "09:30"),
        (TIME, "00:00", "00:00"),
        (TIME, "24:00", "type"),
        (TIME, "9:30", "type"),
        (TIME, "09:30:00", "type"),
        (TIME, "٠٩:٣٠", "type"),
        (TIME, 930, "type"),
        (TIME | {"min": "08:00", "max": "17:00"}, "07:59", "min"),
        (TIME | {"min": "08:00", "max": "17:00"}, "17:00", "17:00"),
        (TIME | {"min": "08:00", "max": "17:00"}, "17:01", "max"),
        (TIME | {"step": 15}, "09:45", "09:45"),
        (TIME | {"step": 15}, "09:50", "step"),
        (TIME | {"step": 20, "min": "09:10"}, "09:50", "09:50"),
        (TIME | {"step": 20, "min": "09:10"}, "10:00", "step"),
        (CHOICE | {"type": "radio"}, "basic", "basic"),
        (CHOICE | {"type": "radio"}, "none", "options"),
        (CHOICE | {"type": "radio", "required": True}, None, "required"),
        (STEPPER, 0, 0.0),
        (STEPPER, 7, 7.0),
        (STEPPER, -1, "min"),
        (STEPPER, 0.5, "step"),
        (STEPPER, "2", "type"),
        (STEPPER | {"min": -2, "max": 4, "step": 2}, -2, -2.0),
        (STEPPER | {"min": -2, "max": 4, "step": 2}, 1, "step"),
        (STEPPER | {"min": -2, "max": 4, "step": 2}, 6, "max"),
        (STEPPER | {"step": 0.1}, 0.3, 0.3),
        (STEPPER | {"step": 0.1}, 0.35, "step"),
        (STEPPER | {"min": 0.5, "step": 0.5}, 2.5, 2.5),
        (STEPPER | {"step": 1e-320}, 7, "step"),
        (RATING, 1, 1.0),
        (RATING, 5, 5.0),
        (RATING, 6, "max"),
        (RATING, 0, "min"),
        (RATING, 3.5, "step"),
        (RATING, True, "type"),
        (RATING | {"max": 10}, 10, 10.0),
        (RATING | {"required": True}, None, "required"),
        (FILE, None, None),
        (FILE, "", None),
        (FILE | {"required": True}, None, "required"),
        (FILE, "0190-upload", "upload"),
        (FILE | {"max_bytes": 10, "accept": ["image/*"]}, "0190-upload", "upload"),
        (FILE, {"id": "x"}, "type"),
        (FILE, ["x"], "type"),
    ],
)
def test_values_are_held_to_the_rules_of_their_input(
    rules: dict[str, Any], value: object, expected: object
) -> None:
    found = checked(rules, value)
    assert found == expected
    assert type(found) is type(expected)


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


@given(
    st.sampled_from(sorted(INPUTS)),
    st.booleans(),
    st.one_of(anything, st.sampled_from(["2026-03-01", "09:30", "full", 1, 2.5])),
)
def test_no_value_makes_a_check_fail_and_what_it_takes_it_takes_again(
    type: str, required: bool, value: object
) -> None:
    rules: dict[str, Any] = {"type": type, "options": OPTIONS, "required": required}
    rules |= {"step": 1} if type == "stepper" else {}
    try:
        taken = check_value(rules, value)
    except Wrong as wrong:
        assert wrong.rule in ("required", *INPUTS[type].rules)  # noqa: PT017 - any value may be taken
        return
    assert check_value(rules, taken) == taken

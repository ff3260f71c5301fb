"""What a rendered card takes back from its customer, and the check of submitted values against it (§7.2).

A form is kept with the card's state, so it holds nothing but rules:
`{"inputs": {name: rules}, "submits": {name: {"values", "keep_open", "fresh"}}, "dismiss", "snooze", "vote",
"feedback": true, "links": [ids]}`, each but the last left out when empty: a form without links is of before
they were kept, and takes any. What the customer did not see – an element whose `when` did not hold – is not
in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from ..conditions import Condition, compile_condition
from ..documents.problems import child, nearest
from ..documents.scalars import is_date, is_unicode
from ..errors import RuleError
from ..limits import INTEGER_MAX, VALUE_BYTES_MAX, VALUE_CHARS_MAX, VALUE_ERROR_COUNT_MAX
from ..types import Scope, Type

Form: TypeAlias = Mapping[str, object]
Rules: TypeAlias = Mapping[str, object]
ValueError_: TypeAlias = dict[str, str]

_RULES: Final = (
    "required",
    "min",
    "max",
    "min_length",
    "max_length",
    "pattern",
    "min_checked",
    "max_checked",
    "messages",
)
_ACTIONS: Final = {
    "dismiss": "dismiss",
    "snooze": "snooze",
    "submit": "submits",
    "vote_up": "vote",
    "vote_down": "vote",
}


class _Wrong(Exception):
    """A value breaks one rule: the rule's name, and what to say unless the author says it."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(rule, message)
        self.rule = rule
        self.message = message


def input_rules(element: Mapping[str, object]) -> dict[str, object]:
    """The rules of a rendered input, for the form."""
    rules = {"type": element["type"]} | {rule: element[rule] for rule in _RULES if rule in element}
    options = element.get("options")
    if isinstance(options, list):
        rules["options"] = [option["value"] for option in options]
    return rules


def allows(form: Form, action: str) -> bool:
    """Whether the card offers this action of the live protocol; what needs no offer is always allowed."""
    needed = _ACTIONS.get(action)
    return needed is None or bool(form.get(needed))


def check_link(form: Form, element: str) -> ValueError_ | None:
    """What is wrong with opening this element: it is no link that the card shows."""
    links = form.get("links")
    if not isinstance(links, list) or element in links:
        return None
    return _error("/element", "unknown_link", f"The card has no such link.{nearest(element, links)}")


def submit_rules(form: Form, button: str | None) -> Mapping[str, object] | None:
    """What the button does beside submitting (`values`, `keep_open`, `fresh`); None if there is no such one.

    Without a name it is the bare submit, which a card with any submit button takes.
    """
    submits = _mapping(form.get("submits"))
    if button is None:
        return {} if submits else None
    rules = submits.get(button)
    return rules if isinstance(rules, Mapping) else None


def check_values(
    form: Form, button: str | None, values: Mapping[str, object]
) -> tuple[dict[str, object], tuple[ValueError_, ...]]:
    """The cleaned values with the button's own added; what is wrong with them, each at `/values/<name>`."""
    rules = submit_rules(form, button)
    if rules is None:
        known = nearest(button or "", _mapping(form.get("submits")))
        return {}, (_error("/button", "unknown_button", f"The card has no such button.{known}"),)
    inputs = _mapping(form.get("inputs"))
    errors = [
        _error(child("/values", name), "unknown_input", f"The card has no such input.{nearest(name, inputs)}")
        for name in values
        if name not in inputs
    ]
    cleaned: dict[str, object] = {}
    for name, input_form in inputs.items():
        assert isinstance(input_form, Mapping)
        try:
            value = _check(input_form, values.get(name))
        except _Wrong as wrong:
            message = _mapping(input_form.get("messages")).get(wrong.rule, wrong.message)
            errors.append(_error(child("/values", name), wrong.rule, str(message)))
        else:
            if value is not None:
                cleaned[name] = value
    return cleaned | dict(_mapping(rules.get("values"))), tuple(errors[:VALUE_ERROR_COUNT_MAX])


def _error(pointer: str, code: str, message: str) -> ValueError_:
    return {"pointer": pointer[:256], "code": code, "message": message}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _check(rules: Rules, value: object) -> object:
    """The cleaned value; None when there is none and none is needed."""
    is_missing = value is None or value == "" or value == []
    if is_missing or (value is False and rules["type"] == "switch"):
        if rules.get("required"):
            raise _Wrong("required", "This is needed.")
        if is_missing:
            return None
    return _CHECKS[str(rules["type"])](rules, value)


def _text(rules: Rules, value: object) -> str:
    if not isinstance(value, str) or not is_unicode(value) or "\0" in value:
        raise _Wrong("type", "This must be text.")
    length_max = rules.get("max_length", VALUE_CHARS_MAX)
    assert isinstance(length_max, int)
    if len(value) > length_max or len(value.encode()) > VALUE_BYTES_MAX:
        raise _Wrong("max_length", f"This may have at most {length_max} characters.")
    length_min = rules.get("min_length")
    if isinstance(length_min, int) and len(value) < length_min:
        raise _Wrong("min_length", f"This must have at least {length_min} characters.")
    pattern = rules.get("pattern")
    if isinstance(pattern, str) and not matches(pattern, value):
        raise _Wrong("pattern", "This does not have the right form.")
    return value


def _number(rules: Rules, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Wrong("type", "This must be a number.")
    if not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise _Wrong("type", "This number is too large.")
    lowest, highest = rules.get("min"), rules.get("max")
    if isinstance(lowest, (int, float)) and value < lowest:
        raise _Wrong("min", f"This must be at least {lowest:g}.")
    if isinstance(highest, (int, float)) and value > highest:
        raise _Wrong("max", f"This may be at most {highest:g}.")
    # Expressions know submitted numbers as doubles, whatever the app's language wrote.
    return float(value)


def _switch(rules: Rules, value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("type", "This must be true or false.")
    return value


def _date(rules: Rules, value: object) -> str:
    if not isinstance(value, str) or not is_date(value):
        raise _Wrong("type", "This must be a date such as 2026-03-01.")
    lowest, highest = rules.get("min"), rules.get("max")
    # Dates of this form sort as they fall.
    if isinstance(lowest, str) and value < lowest:
        raise _Wrong("min", f"This must be {lowest} or later.")
    if isinstance(highest, str) and value > highest:
        raise _Wrong("max", f"This must be {highest} or earlier.")
    return value


def _choice(rules: Rules, value: object) -> object:
    return _one_of(rules, value)


def _choices(rules: Rules, value: object) -> list[object]:
    if not isinstance(value, list):
        raise _Wrong("type", "This must be a list of choices.")
    options = rules["options"]
    assert isinstance(options, list)
    if len(value) > len(options):
        raise _Wrong("options", "There are more choices here than options.")
    chosen = [_one_of(rules, item) for item in value]
    if any(item in chosen[:index] for index, item in enumerate(chosen)):
        raise _Wrong("options", "A choice stands here twice.")
    fewest, most = rules.get("min_checked"), rules.get("max_checked")
    if isinstance(fewest, int) and len(chosen) < fewest:
        raise _Wrong("min_checked", f"Choose at least {fewest}.")
    if isinstance(most, int) and len(chosen) > most:
        raise _Wrong("max_checked", f"Choose at most {most}.")
    return chosen


def _one_of(rules: Rules, value: object) -> object:
    """The option as it is declared; true is not 1."""
    options = rules["options"]
    assert isinstance(options, list)
    for option in options:
        if option == value and isinstance(option, bool) == isinstance(value, bool):
            return option
    raise _Wrong("options", "This is none of the options.")


_CHECKS: Final[dict[str, Callable[[Rules, object], object]]] = {
    "text_input": _text,
    "number_input": _number,
    "switch": _switch,
    "date_input": _date,
    "dropdown": _choice,
    "checkboxes": _choices,
}


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text has the form of the pattern: RE2 syntax, in time linear in the text."""
    return compile_pattern(pattern).holds({"text": text})


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Condition:
    """RuleError `bad_pattern` unless it is RE2: `matches` of conditions is our one bounded engine."""
    quoted = f"^(?:{pattern})$".replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    try:
        compiled = compile_condition(f'text.matches("{quoted}")', Scope({"text": Type.STRING}))
        compiled.holds({"text": ""})
    except RuleError as error:
        raise RuleError("bad_pattern", f"The pattern is not RE2: {error.message}") from error
    return compiled

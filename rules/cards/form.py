"""What a rendered card takes back: its inputs with their rules, its buttons, its menu (flow format §7.2).

A form is kept with the card's state, so it holds nothing but rules:
`{"inputs": {name: rules}, "submits": {name: {"values", "keep_open", "fresh"}}, "dismiss", "snooze",
"snooze_notify", "vote", "feedback": true, "links": [ids]}`, each but the last left out when empty: a form
without links is of before they were kept, and takes any. What the customer cannot see – an element whose
`when` did not hold, a subview that nothing leads to – is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final, TypeAlias

from ..documents.problems import child, nearest
from ..limits import VALUE_ERROR_COUNT_MAX
from .names import item_number, written_name
from .values import INPUTS, Wrong, check_value

Form: TypeAlias = Mapping[str, object]
ValueError_: TypeAlias = dict[str, str]

_MENU: Final = ("dismiss", "snooze", "snooze_notify", "vote", "feedback")
_RULES: Final = (
    "required",
    "min",
    "max",
    "step",
    "min_length",
    "max_length",
    "pattern",
    "min_checked",
    "max_checked",
    "accept",
    "max_bytes",
    "messages",
)
_ACTIONS: Final = {
    "dismiss": "dismiss",
    "snooze": "snooze",
    "submit": "submits",
    "vote_up": "vote",
    "vote_down": "vote",
}


def form_of(
    menu: Mapping[str, object], shown: Iterable[tuple[Mapping[str, object], object]]
) -> dict[str, object]:
    """Of a card that offers this menu and shows these elements, each with the values that it adds."""
    form: dict[str, object] = {name: True for name in _MENU if name in menu}
    form["links"] = links = []
    inputs: dict[str, object] = {}
    submits: dict[str, object] = {}
    for wire, values in shown:
        type = str(wire["type"])
        if type in ("dismiss", "snooze"):
            form[type] = True
        elif type == "submit":
            submits[str(wire["name"])] = _submit_rules(wire, values)
        elif type == "link":
            links.append(wire["id"])
        elif type in INPUTS:
            inputs[str(wire["name"])] = _input_rules(wire)
    return form | ({"inputs": inputs} if inputs else {}) | ({"submits": submits} if submits else {})


def _submit_rules(wire: Mapping[str, object], values: object) -> dict[str, object]:
    rules: dict[str, object] = {name: True for name in ("keep_open", "fresh") if wire.get(name)}
    return rules | ({"values": values} if values else {})


def _input_rules(wire: Mapping[str, object]) -> dict[str, object]:
    rules = {"type": wire["type"]} | {rule: wire[rule] for rule in _RULES if rule in wire}
    options = wire.get("options")
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
    """The cleaned values with the button's own added; what is wrong with them, each at `/values/<name>`.

    What a repeated input got is one list, a value for each item, null where there is none.
    """
    rules = submit_rules(form, button)
    if rules is None:
        known = nearest(button or "", _mapping(form.get("submits")))
        return {}, (_error("/button", "unknown_button", f"The card has no such button.{known}"),)
    inputs = _mapping(form.get("inputs"))
    unknown = (name for name in values if name not in inputs)
    errors = [
        _error(child("/values", name), "unknown_input", f"The card has no such input.{nearest(name, inputs)}")
        for name in islice(unknown, VALUE_ERROR_COUNT_MAX)
    ]
    cleaned: dict[str, object] = {}
    for name, input_rules in inputs.items():
        assert isinstance(input_rules, Mapping)
        try:
            value = check_value(input_rules, values.get(name))
        except Wrong as wrong:
            message = _mapping(input_rules.get("messages")).get(wrong.rule, wrong.message)
            errors.append(_error(child("/values", name), wrong.rule, str(message)))
        else:
            if value is not None:
                cleaned[name] = value
    return gathered(cleaned, inputs) | dict(_mapping(rules.get("values"))), tuple(
        errors[:VALUE_ERROR_COUNT_MAX]
    )


def gathered(cleaned: Mapping[str, object], inputs: Iterable[str]) -> dict[str, object]:
    """The values by the names that the author gave: those of a repeated input as one list."""
    items: dict[str, int] = {}
    for name in inputs:
        number = item_number(name)
        if number is not None:
            items[written_name(name)] = max(number, items.get(written_name(name), 0))
    values: dict[str, object] = {}
    for name, value in cleaned.items():
        number = item_number(name)
        if number is None:
            values[name] = value
            continue
        own = written_name(name)
        listed = values.setdefault(own, [None] * items[own])
        assert isinstance(listed, list)
        listed[number - 1] = value
    return values


def _error(pointer: str, code: str, message: str) -> ValueError_:
    return {"pointer": pointer[:256], "code": code, "message": message}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}

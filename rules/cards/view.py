"""Renders a card template to what goes over the wire: everything resolved, in the order of the source (§7.1).

The app needs no template engine. `protocol/schema/view.json` describes the result; see `view_schema.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from ..errors import EvaluationError
from ..limits import VIEW_BYTES_MAX
from ..text.printing import Setting
from .card import CardView
from .elements import CardTemplate, Element, is_input
from .form import input_rules

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`form` is for checking submitted values; `failed`: elements whose `when` failed, not shown."""

    view: CardView
    form: dict[str, object]
    failed: tuple[tuple[str, EvaluationError], ...] = ()


def render(template: CardTemplate, context: Mapping[str, object], setting: Setting) -> Rendered:
    """The card for this context; EvaluationError when a value is missing or a bound is passed."""
    shown, failed = _shown(template, context)
    body = [element.wire.render(context, setting) for element in shown]
    view: dict[str, object] = {"title": template.title.render(context, setting), "body": body, "subviews": {}}
    data = template.data.render(context, setting) if template.data else None
    variables = template.runtime_variables
    card = CardView(
        view=view,
        data=_object(data) if data is not None else None,
        menu=dict(template.menu),
        runtime_variables=_object(variables.render(context, setting)) if variables else {},
    )
    size_bytes = len(_ENCODER.encode(card))
    if size_bytes > VIEW_BYTES_MAX:
        raise EvaluationError("text_too_long", f"The card has more than {VIEW_BYTES_MAX // 1024} KiB.")
    return Rendered(view=card, form=_form(template, shown, body, context, setting), failed=failed)


def _shown(
    template: CardTemplate, context: Mapping[str, object]
) -> tuple[list[Element], tuple[tuple[str, EvaluationError], ...]]:
    shown: list[Element] = []
    failed: list[tuple[str, EvaluationError]] = []
    for element in template.body:
        try:
            if element.when is None or element.when.holds(context):
                shown.append(element)
        except EvaluationError as error:
            failed.append((element.id, error))
    return shown, tuple(failed)


def _form(
    template: CardTemplate,
    shown: list[Element],
    body: list[object],
    context: Mapping[str, object],
    setting: Setting,
) -> dict[str, object]:
    form: dict[str, object] = {
        name: True for name in ("dismiss", "snooze", "vote", "feedback") if name in template.menu
    }
    form["links"] = links = []
    inputs: dict[str, object] = {}
    submits: dict[str, object] = {}
    for element, wire in zip(shown, body, strict=True):
        entry = _object(wire)
        if element.type in ("dismiss", "snooze"):
            form[element.type] = True
        elif element.type == "submit":
            values = element.values.render(context, setting) if element.values else None
            submits[str(element.name)] = _submit_rules(entry, values)
        elif element.type == "link":
            links.append(entry["id"])
        elif is_input(element.type):
            inputs[str(element.name)] = input_rules(entry)
    return form | ({"inputs": inputs} if inputs else {}) | ({"submits": submits} if submits else {})


def _submit_rules(wire: Mapping[str, object], values: object) -> dict[str, object]:
    rules = {name: True for name in ("keep_open", "fresh") if wire.get(name)}
    return {**rules, "values": values} if values else dict(rules)


def _object(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value

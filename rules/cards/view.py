"""Renders a card template to what goes over the wire: everything resolved, in the order of the source (§7.1).

The app needs no template engine. `protocol/schema/view.json` describes the result; see `view_types.py`. A
subview is sent when a link that is shown leads to it, from the card or from another subview.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from ..errors import EvaluationError
from ..limits import CARD_TEMPLATE_STEPS_MAX, EACH_COUNT_MAX, SHOWN_ELEMENTS_MAX, VIEW_BYTES_MAX
from ..text.printing import Effort, Setting
from .card import CardView
from .elements import Element
from .form import form_of
from .names import numbered
from .repeats import Each
from .templates import CardTemplate, Screen

_ENCODER = msgspec.json.Encoder()
_CALLED: Final = ("id", "name")


class Shown(NamedTuple):
    """An element as it is shown, and the values that it adds if it is a submit button."""

    element: Element
    wire: dict[str, object]
    values: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`form` is for checking submitted values; `failed`: elements that are not shown, and why."""

    view: CardView
    form: dict[str, object]
    failed: tuple[tuple[str, EvaluationError], ...] = ()


def render(template: CardTemplate, context: Mapping[str, object], setting: Setting) -> Rendered:
    """The card for this context; EvaluationError when a value is missing or a bound is passed."""
    template = template.spoken(setting.locale)
    setting = replace(setting, effort=Effort(CARD_TEMPLATE_STEPS_MAX))
    rendering = _Rendering(context, setting)
    view = rendering.screen(template.screen)
    view["subviews"] = rendering.subviews(template.subviews)
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
    form = form_of(template.menu, [(each.wire, each.values) for each in rendering.shown])
    return Rendered(view=card, form=form, failed=tuple(rendering.failed))


@dataclass(slots=True)
class _Rendering:
    """One card on its way: all that is shown so far, and what could not be."""

    context: Mapping[str, object]
    setting: Setting
    shown: list[Shown] = field(default_factory=list)
    failed: list[tuple[str, EvaluationError]] = field(default_factory=list)

    def subviews(self, subviews: Mapping[str, Screen]) -> dict[str, object]:
        """Those that something shown leads to, in the order of the source."""
        rendered: dict[str, object] = {}
        followed = 0
        while followed < len(self.shown):
            name = self.shown[followed].element.opens
            followed += 1
            if name is not None and name not in rendered:
                rendered[name] = self.screen(subviews[name])
        return {name: rendered[name] for name in subviews if name in rendered}

    def screen(self, screen: Screen) -> dict[str, object]:
        first = len(self.shown)
        for element in screen.body:
            if element.each is None:
                self._show(element, self.context)
            else:
                self._repeat(element, element.each)
            if len(self.shown) > SHOWN_ELEMENTS_MAX:
                message = f"The card shows more than {SHOWN_ELEMENTS_MAX} elements."
                raise EvaluationError("too_many_elements", message)
        body = [shown.wire for shown in self.shown[first:]]
        return {"title": screen.title.render(self.context, self.setting), "body": body}

    def _repeat(self, element: Element, each: Each) -> None:
        """For every item; what fails for one leaves out that one alone."""
        items = each.items_of(self.context, self.setting)
        for number, item in enumerate(items[:EACH_COUNT_MAX], start=1):
            try:
                self._show(element, each.context(self.context, item, number), number)
            except EvaluationError as error:
                self.failed.append((numbered(element.id, number), error))
        left_out = len(items) - EACH_COUNT_MAX
        if left_out > 0:
            message = f"{left_out} items are not shown: at most {EACH_COUNT_MAX} are."
            self.failed.append((element.id, EvaluationError("too_many_items", message)))

    def _show(self, element: Element, context: Mapping[str, object], number: int | None = None) -> None:
        try:
            if element.when is not None and not element.when.holds(context):
                return
        except EvaluationError as error:
            id = element.id if number is None else numbered(element.id, number)
            self.failed.append((id, error))
            return
        wire = _object(element.wire.render(context, self.setting))
        values = element.values.render(context, self.setting) if element.values else None
        if number is not None:
            wire = wire | {key: numbered(str(wire[key]), number) for key in _CALLED if key in wire}
        self.shown.append(Shown(element, wire, values))


def _object(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value

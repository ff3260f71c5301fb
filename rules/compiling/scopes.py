"""The names that expressions and templates may use, place by place, with their types (flow format §6).

The customer stays untyped: custom fields stand beside the standard ones, and which there are is known only
when the flow runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from ..documents import cards as document_cards
from ..documents import flow as written
from ..types import Scope, Shape, Type
from .references import templates_by_step

VARIABLE_TYPES: Final[dict[str, Type]] = {
    "string": Type.STRING,
    "number": Type.DOUBLE,
    "integer": Type.INT,
    "boolean": Type.BOOL,
    "datetime": Type.TIMESTAMP,
    "date": Type.STRING,
    "list": Type.LIST,
    "object": Type.OBJECT,
}
_EVENT: Final[Mapping[str, Shape]] = {
    "id": Type.STRING,
    "name": Type.STRING,
    "time": Type.TIMESTAMP,
    "customer": Type.STRING,
    "key": Type.STRING,
    "data": Type.DYN,
}
_INSTANCE: Final[Mapping[str, Shape]] = {
    "id": Type.STRING,
    "flow": Type.STRING,
    "version": Type.INT,
    "key": Type.STRING,
    "invocation": Type.STRING,
    "started_at": Type.TIMESTAMP,
    "test": Type.BOOL,
}
_TRIGGER: Final[Mapping[str, Shape]] = {
    "type": Type.STRING,
    "name": Type.STRING,
    "event": _EVENT,
    "metadata": Type.DYN,
}
_ERROR: Final[Mapping[str, Shape]] = {"code": Type.STRING, "message": Type.STRING}
_INPUT_TYPES: Final[dict[type, Type]] = {
    document_cards.TextInput: Type.STRING,
    document_cards.NumberInput: Type.DOUBLE,
    document_cards.Switch: Type.BOOL,
    document_cards.DateInput: Type.STRING,
    document_cards.Checkboxes: Type.LIST,
}


class Scopes:
    """The scopes of one flow: in triggers, in steps with exits and cards, in outcomes with their fact."""

    def __init__(self, flow: written.Flow, constants: Mapping[str, object]) -> None:
        self._flow = flow
        self._templates = templates_by_step(flow)
        self._with_card: list[tuple[Shape, Scope]] = []
        world: dict[str, Shape] = {
            "customer": Type.DYN,
            "constants": {name: _shape_of(value) for name, value in constants.items()},
            "now": Type.TIMESTAMP,
        }
        self.trigger = Scope({**world, "event": _EVENT})
        self.steps = Scope(
            {
                **world,
                "vars": {name: VARIABLE_TYPES[each.type] for name, each in flow.variables.items()},
                "trigger": _TRIGGER,
                "instance": _INSTANCE,
                "steps": {id: self._outputs(step) for id, step in flow.steps.items()},
            }
        )
        self.event = self.steps.with_(event=_EVENT)

    def card(self, step: str) -> Scope:
        """In a card outcome of that send_card step: its `card` beside the rest."""
        card = self._card([step])
        # Most cards ask for the same things, and each scope is a type environment of its own.
        for shape, scope in self._with_card:
            if shape == card:
                return scope
        scope = self.steps.with_(card=card)
        self._with_card.append((card, scope))
        return scope

    def _outputs(self, step: written.Step) -> Shape:
        return {"runs": Type.INT, "error": _ERROR, **self._own_outputs(step)}

    def _own_outputs(self, step: written.Step) -> Mapping[str, Shape]:
        match step:
            case written.SendCard():
                return {"card": self._card([id for id, each in self._flow.steps.items() if each is step])}
            case written.UpdateCard():
                return {"updated": Type.DYN}
            case written.CancelCard():
                return {"cancelled": Type.DYN}
            case written.Wait():
                of = [each.of for each in step.until if isinstance(each, written.CardOutcome)]
                facts: dict[str, Shape] = {"event": _EVENT, "card": self._card(of)}
                return {
                    **facts,
                    "outcome": Type.STRING,
                    "outcomes": {outcome.id: Type.DYN for outcome in step.until},
                }
            case written.Branch():
                return {"case": Type.STRING if step.take == "first" else Type.DYN}
            case written.Emit():
                return {"event": {"id": Type.STRING}}
            case written.Join():
                return {"arrived": Type.INT}
            case written.Set() | written.UpdateCustomer() | written.End():
                return {}
            case _:
                assert_never(step)

    def _card(self, steps: Iterable[str]) -> Shape:
        """A card that one of these steps sent: its values are those of every template that it may show."""
        values: dict[str, Shape] = {}
        for name in (each for step in steps for each in self._templates.get(step, ())):
            card = self._flow.cards.get(name)
            for element in card.body if card else ():
                _add_values(values, element)
        return {"id": Type.STRING, "status": Type.STRING, "button": Type.STRING, "values": values}


def _add_values(values: dict[str, Shape], element: document_cards.Element) -> None:
    if isinstance(element, document_cards.Submit):
        added: dict[str, Shape] = {name: _shape_of(value) for name, value in element.values.items()}
    elif isinstance(element, document_cards.Dropdown):
        added = {element.name: _common(_shape_of(option.value) for option in element.options)}
    elif isinstance(element, document_cards.InputBase):
        added = {element.name: _INPUT_TYPES[type(element)]}
    else:
        return
    for name, shape in added.items():
        values[name] = _common([shape, values.get(name, shape)])


def _common(shapes: Iterable[Shape]) -> Shape:
    """The one shape that all have, or DYN."""
    found = list(shapes)
    return found[0] if all(shape == found[0] for shape in found) else Type.DYN


def _shape_of(value: object) -> Shape:
    """The shape of a literal; what is computed is untyped."""
    match value:
        case bool():
            return Type.BOOL
        case str() if not value.startswith("="):
            return Type.STRING
        case int() | float():
            return Type.DOUBLE
        case Mapping():
            return {str(name): _shape_of(entry) for name, entry in value.items()}
        case list():
            return Type.LIST
        case _:
            return Type.DYN

"""The names that expressions and templates may use, place by place, with their types (flow format §6).

The customer stays untyped: custom fields stand beside the standard ones, and which there are is known only
when the flow runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from msgspec import UnsetType

from ..documents import cards as document_cards
from ..documents import flow as written_flow
from ..documents import inputs
from ..documents import steps as written
from ..documents.elements import Submit
from ..documents.triggers import EventTrigger
from ..event_schemas import EventSchema
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
_RESPONSE: Final[Mapping[str, Shape]] = {"status": Type.INT, "headers": Type.DYN, "body": Type.DYN}
_ERROR: Final[Mapping[str, Shape]] = {
    "code": Type.STRING,
    "message": Type.STRING,
    "status": Type.INT,
    "attempts": Type.INT,
}
_CHILD: Final[Mapping[str, Shape]] = {"id": Type.STRING, "status": Type.STRING, "outcome": Type.STRING}
_NOTIFICATION: Final[Mapping[str, Shape]] = {"id": Type.STRING, "status": Type.STRING}
_INPUT_TYPES: Final[dict[type, Type]] = {
    inputs.TextInput: Type.STRING,
    inputs.NumberInput: Type.DOUBLE,
    inputs.DateInput: Type.STRING,
    inputs.TimeInput: Type.STRING,
    inputs.Checkboxes: Type.LIST,
    inputs.Switch: Type.BOOL,
    inputs.Stepper: Type.DOUBLE,
    inputs.Rating: Type.DOUBLE,
    inputs.FileUpload: Type.STRING,
}


class Scopes:
    """The scopes of one flow: in triggers by what starts them, in steps with exits and cards, in outcomes
    with their fact, in `expect` with the response.
    """

    def __init__(
        self,
        flow: written_flow.Flow,
        constants: Mapping[str, object],
        events: Mapping[str, EventSchema] | None = None,
    ) -> None:
        self._flow = flow
        self._events = events or {}
        self._with_event: list[tuple[Scope, Shape, Scope]] = []
        self._templates = templates_by_step(flow)
        self._with_card: list[tuple[Shape, Scope]] = []
        world: dict[str, Shape] = {
            "customer": Type.DYN,
            "constants": constant_shapes(constants),
            "now": Type.TIMESTAMP,
        }
        self.start = Scope(world)
        self.webhook = Scope({**world, "body": Type.DYN, "headers": Type.DYN, "query": Type.DYN})
        self.steps = Scope(
            {
                **world,
                "vars": {name: VARIABLE_TYPES[each.type] for name, each in flow.variables.items()},
                "trigger": {**_TRIGGER, "event": self._event(_started_by(flow))},
                "instance": _INSTANCE,
                "steps": {id: self._outputs(step) for id, step in flow.steps.items()},
            }
        )
        self.response = self.steps.with_(response=_RESPONSE)

    def trigger(self, events: Iterable[str]) -> Scope:
        """In a trigger by one of these events."""
        return self._beside(self.start, events)

    def event(self, events: Iterable[str]) -> Scope:
        """In an outcome or a collect that one of these events may satisfy."""
        return self._beside(self.steps, events)

    def _beside(self, scope: Scope, events: Iterable[str]) -> Scope:
        event = self._event(events)
        for base, shape, found in self._with_event:
            if base is scope and shape == event:
                return found
        made = scope.with_(event=event)
        self._with_event.append((scope, event, made))
        return made

    def _event(self, names: Iterable[str]) -> Shape:
        """Any of these events: its data is what their schemas agree on."""
        shapes = [self._events[name].shape if name in self._events else Type.DYN for name in names]
        return {**_EVENT, "data": _common(shapes) if shapes else Type.DYN}

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

    def _own_outputs(self, step: written.Step) -> Mapping[str, Shape]:  # noqa: C901, PLR0912 – an arm a kind
        match step:
            case written.SendCard():
                return self._of_send_card(step)
            case written.UpdateCard():
                return {"updated": Type.DYN}
            case written.CancelCard():
                return {"cancelled": Type.DYN}
            case written.Wait():
                return self._of_wait(step)
            case written.Branch():
                return {"case": Type.STRING if step.take == "first" else Type.DYN}
            case written.Split():
                return {"arm": Type.STRING}
            case written.Decide():
                return _of_table(step)
            case written.Request():
                return {"response": _RESPONSE, "attempts": Type.INT}
            case written.Notify():
                return {"notification": _NOTIFICATION}
            case written.StartFlow():
                return {"instance": _CHILD}
            case written.Collect():
                return {"items": Type.LIST, "count": Type.INT}
            case written.Limit():
                return {"passed": Type.BOOL}
            case written.Emit():
                return {"event": {"id": Type.STRING}}
            case written.Join():
                return {"arrived": Type.INT}
            case written.Set() | written.UpdateCustomer() | written.End():
                return {}
            case _:
                assert_never(step)

    def _of_send_card(self, step: written.SendCard) -> Mapping[str, Shape]:
        card = self._card([id for id, each in self._flow.steps.items() if each is step])
        return {"card": card, "notification": _NOTIFICATION}

    def _of_wait(self, step: written.Wait) -> Mapping[str, Shape]:
        of = [each.of for each in step.until if isinstance(each, written.CardOutcome)]
        heard = [each.event for each in step.until if isinstance(each, written.EventOutcome)]
        return {
            "event": self._event(heard),
            "card": self._card(of),
            "notification": _NOTIFICATION,
            "instance": _CHILD,
            "outcome": Type.STRING,
            "outcomes": {outcome.id: Type.DYN for outcome in step.until},
        }

    def _card(self, steps: Iterable[str]) -> Shape:
        """A card that one of these steps sent: its values are those of every template that it may show."""
        values: dict[str, Shape] = {}
        for name in (each for step in steps for each in self._templates.get(step, ())):
            card = self._flow.cards.get(name)
            for element, *_ in document_cards.elements(card) if card else ():
                _add_values(values, element)
        return {"id": Type.STRING, "status": Type.STRING, "button": Type.STRING, "values": values}


def _started_by(flow: written_flow.Flow) -> list[str]:
    """The events that start the flow."""
    triggers = (each for each in flow.triggers.values() if isinstance(each, EventTrigger))
    return [event for each in triggers for event in names_of_events(each.event)]


def names_of_events(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def _add_values(values: dict[str, Shape], element: document_cards.Element) -> None:
    if isinstance(element, Submit):
        added: dict[str, Shape] = {name: shape_of(value) for name, value in element.values.items()}
    elif isinstance(element, inputs.InputBase):
        added = {element.name: _value_shape(element)}
    else:
        return
    for name, shape in added.items():
        values[name] = _common([shape, values.get(name, shape)])


def _of_table(step: written.Decide) -> Mapping[str, Shape]:
    """Every output that a row or the default gives: of `all` rows a list."""
    given = [row.then for row in step.rows]
    given += [] if isinstance(step.default, UnsetType) else [step.default]
    names = dict.fromkeys(name for outputs in given for name in outputs)
    if step.hit == "all":
        return dict.fromkeys(names, Type.LIST)
    return {name: _common(shape_of(outputs[name]) for outputs in given if name in outputs) for name in names}


def _value_shape(element: inputs.InputBase) -> Shape:
    """What an input gives; one that is repeated gives a list."""
    if not isinstance(element.each, UnsetType):
        return Type.LIST
    if isinstance(element, (inputs.Dropdown, inputs.Radio)):
        return _common(shape_of(option.value) for option in element.options)
    return _INPUT_TYPES[type(element)]


def _common(shapes: Iterable[Shape]) -> Shape:
    """The one shape that all have, or DYN."""
    found = list(shapes)
    return found[0] if all(shape == found[0] for shape in found) else Type.DYN


def constant_shapes(constants: Mapping[str, object]) -> Shape:
    return {name: shape_of(value) for name, value in constants.items()}


def shape_of(value: object) -> Shape:
    """The shape of a literal; what is computed is untyped."""
    match value:
        case bool():
            return Type.BOOL
        case str() if not value.startswith("="):
            return Type.STRING
        case int() | float():
            return Type.DOUBLE
        case Mapping():
            return {str(name): shape_of(entry) for name, entry in value.items()}
        case list():
            return Type.LIST
        case _:
            return Type.DYN

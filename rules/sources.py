"""Sources: the events that a third party's request becomes, by a mapping of expressions and templates.

A mapping is compiled once. A request that it cannot be applied to becomes no event at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from .calendar.times import to_datetime
from .causes import OfRequest, names_of
from .compiling.given import Given, given
from .compiling.sources import Sources as Compiler
from .conditions import Condition, Expression
from .documents import sources as written
from .documents.convert import convert
from .documents.problems import Pointer, Positions, Problem, Report, child
from .errors import EvaluationError, RuleError
from .inputs import Event
from .json_values import as_json
from .limits import EMITTED_BYTES_MAX, KEY_BYTES_MAX, NAME_BYTES_MAX, SOURCE_ITEMS_MAX
from .model import Origin
from .text.printing import Setting
from .turn.run import pack
from .types import Scope, Shape, Type
from .values import Value

_ROOTS: Final[Mapping[str, Shape]] = {
    "body": Type.DYN,
    "headers": Type.DYN,
    "query": Type.DYN,
    "now": Type.TIMESTAMP,
    "constants": Type.DYN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One kind of event that a request may become."""

    name: Value
    each: Expression | None
    when: Condition | None
    id: Value | None
    customer: Value | None
    key: Value | None
    data: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSource:
    """`verification` is how the sender proves who it is, with the secret that `credential` names."""

    verification: str
    credential: str | None
    events: tuple[Mapped, ...]
    paused: bool


class MappingError(Exception):
    """The request cannot become events: which value of the mapping failed, and why."""

    def __init__(self, pointer: Pointer, code: str, message: str) -> None:
        super().__init__(pointer, code, message)
        self.pointer = pointer
        self.code = code
        self.message = message


def compile_source(data: object) -> EventSource | tuple[Problem, ...]:
    """The source that a document describes, or all that is wrong with it."""
    report = Report(Positions())
    document = convert(data, written.EventSource, report)
    if document is None:
        return report.problems()
    needs = document.auth.type != "none"
    if needs is (given(document.auth.credential) is None):
        message = f'"{document.auth.type}" {"needs a" if needs else "takes no"} credential.'
        report.add("choose_one", "/auth", message)
    compiler = Compiler(report)
    events = tuple(
        _mapped(compiler, event, child("/events", index)) for index, event in enumerate(document.events)
    )
    if report.has_errors:
        return report.problems()
    return EventSource(
        verification=document.auth.type,
        credential=given(document.auth.credential),
        events=events,
        paused=document.paused,
    )


def _mapped(compiler: Compiler, event: written.SourceEvent, pointer: Pointer) -> Mapped:
    each = given(event.each)
    scope = Scope(_ROOTS if each is None else {**_ROOTS, "item": Type.DYN})
    values = Given(compiler, scope)
    name = values.value(event.name, child(pointer, "name"))
    assert name is not None, "an event has a name"
    return Mapped(
        name=name,
        each=None if each is None else compiler.equals(each, Scope(_ROOTS), child(pointer, "each")),
        when=values.condition(event.when, child(pointer, "when")),
        id=values.value(event.id, child(pointer, "id")),
        customer=values.value(event.customer, child(pointer, "customer")),
        key=values.value(event.key, child(pointer, "key")),
        data=values.value(event.data, child(pointer, "data")),
    )


def events_of(
    source: EventSource, request: OfRequest, *, constants: Mapping[str, object], setting: Setting
) -> list[Event]:
    """The events of a request, without an id ("") where the mapping gives none; MappingError for none."""
    context = {**names_of(request), "constants": constants, "now": to_datetime(request.at)}
    events: list[Event] = []
    for index, mapped in enumerate(source.events):
        place = child("/events", index)
        for number, item in enumerate(_items(mapped, context, place)):
            inside = context if mapped.each is None else {**context, "item": item}
            event = _event(mapped, inside, setting, request, place)
            if event is None:
                continue
            if len(events) >= SOURCE_ITEMS_MAX:
                raise MappingError(place, "too_many", f"A request becomes at most {SOURCE_ITEMS_MAX} events.")
            if not event.id and mapped.id is None and request.id:
                # The request's own id tells its repeats; several events of one are told apart by their place.
                event = _with_id(event, f"{request.id}/{index}/{number}")
            events.append(event)
    return events


def _with_id(event: Event, id: str) -> Event:
    return replace(event, id=id[-NAME_BYTES_MAX:])


def _items(mapped: Mapped, context: Mapping[str, object], pointer: Pointer) -> Iterator[object]:
    if mapped.each is None:
        yield None
        return
    try:
        items = mapped.each.value(context)
    except EvaluationError as error:
        raise MappingError(child(pointer, "each"), error.code, error.message) from error
    if not isinstance(items, list):
        raise MappingError(child(pointer, "each"), "type_mismatch", "This gives no list.")
    yield from items


def _event(
    mapped: Mapped, context: Mapping[str, object], setting: Setting, request: OfRequest, pointer: Pointer
) -> Event | None:
    """None if `when` does not hold."""
    try:
        if mapped.when is not None and not mapped.when.holds(context):
            return None
    except EvaluationError as error:
        raise MappingError(child(pointer, "when"), error.code, error.message) from error
    name = _text(mapped.name, context, setting, NAME_BYTES_MAX, child(pointer, "name"))
    if not name:
        raise MappingError(child(pointer, "name"), "bad_name", "The event has no name.")
    return Event(
        id=_text(mapped.id, context, setting, NAME_BYTES_MAX, child(pointer, "id")) or "",
        name=name,
        time=request.at,
        customer=_text(mapped.customer, context, setting, NAME_BYTES_MAX, child(pointer, "customer")),
        key=_text(mapped.key, context, setting, KEY_BYTES_MAX, child(pointer, "key")),
        data=_data(mapped.data, context, setting, child(pointer, "data")),
        origin=Origin.WEBHOOK,
    )


def _text(
    value: Value | None, context: Mapping[str, object], setting: Setting, bytes_max: int, pointer: Pointer
) -> str | None:
    text = None if value is None else _resolved(value, context, setting, pointer)
    if text is None or text == "":
        return None
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str) or not text.isprintable() or len(text.encode()) > bytes_max:
        raise MappingError(pointer, "bad_name", f"This must be printable text of at most {bytes_max} bytes.")
    return text


def _data(
    value: Value | None, context: Mapping[str, object], setting: Setting, pointer: Pointer
) -> dict[str, object]:
    data = {} if value is None else _resolved(value, context, setting, pointer)
    if not isinstance(data, dict):
        raise MappingError(pointer, "type_mismatch", "The data of an event must be an object.")
    if len(pack(data)) > EMITTED_BYTES_MAX:
        raise MappingError(pointer, "too_long", f"The data may have at most {EMITTED_BYTES_MAX} bytes.")
    return data


def _resolved(value: Value, context: Mapping[str, object], setting: Setting, pointer: Pointer) -> object:
    try:
        return as_json(value.resolve(context, setting))
    except RuleError as error:
        raise MappingError(pointer, error.code, error.message) from error

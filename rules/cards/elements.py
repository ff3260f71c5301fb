"""The elements of a card, compiled: each as what goes over the wire, fixed as far as it can be.

A field means the same in every element – `text` a text with runtime variables, `label` plain text, `url` an
address … – so that its name says how it is compiled. Rendering is `view.py`; what else an author got wrong
is `checking/cards.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from ..compiling.sources import Sources
from ..compiling.wire import (
    Wire,
    address,
    boolean,
    day,
    fixed,
    listed,
    mapped,
    number,
    plain,
    printed,
    share,
    spans,
    time_of_day,
)
from ..conditions import Condition
from ..documents import elements as written
from ..documents import inputs
from ..documents.cards import Element as WrittenElement
from ..documents.problems import Pointer, child
from ..errors import RuleError
from ..types import Scope
from ..values import Value
from .names import name_of, tag_of
from .repeats import Each, compile_each


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """`wire` is its wire form. `values` are what a submit button adds; the app does not see them.

    `each`: it is shown for every item of a list. `opens`: the subview that it leads to.
    """

    type: str
    id: str
    wire: Wire
    when: Condition | None = None
    each: Each | None = None
    name: str | None = None
    values: Wire | None = None
    opens: str | None = None


# Fields that are not on the wire, or are compiled by themselves.
_APART: Final = frozenset({"id", "when", "each", "as", "values"})
# The `max` of a progress that names none: its value is percent.
_WHOLE: Final = 100


class ElementCompiler:
    """Compiles the elements of one card. `places`: where texts were written that stand elsewhere in the card,
    in a translation."""

    def __init__(
        self,
        sources: Sources,
        scope: Scope,
        runtime: frozenset[str],
        places: Mapping[Pointer, Pointer],
    ) -> None:
        self._sources = sources
        self._scope = scope
        self._runtime = runtime
        self._places = places

    def element(self, element: WrittenElement, id: str, pointer: Pointer) -> Element:
        each, scope = compile_each(element, self._sources, self._scope, pointer)
        fields = _Fields(self, scope, element)
        entries = {"type": fixed(tag_of(element)), "id": fixed(id)}
        for attribute, name in zip(element.__struct_fields__, element.__struct_encode_fields__, strict=True):
            value = getattr(element, attribute)
            if name not in _APART and not _is_off(value):
                entries[name] = fields.field(name, value, child(pointer, name))
        if isinstance(element, written.Progress):
            nothing, hundred = fixed(None), fixed(_WHOLE)
            entries["value"] = share(entries.get("value", nothing), entries.pop("max", hundred))
        when, values = element.when, None
        if isinstance(element, written.Submit) and element.values:
            values = self.value(element.values, scope, child(pointer, "values"), plain)
        return Element(
            type=tag_of(element),
            id=id,
            name=name_of(element),
            wire=mapped(entries),
            when=self._sources.condition(when, scope, child(pointer, "when"))
            if isinstance(when, str)
            else None,
            each=each,
            values=values,
            opens=element.subview
            if isinstance(element, written.Link) and isinstance(element.subview, str)
            else None,
        )

    def plain_text(self, text: str, pointer: Pointer) -> Wire:
        return self.value(text, self._scope, pointer, printed)

    def data(self, data: Mapping[str, object], pointer: Pointer) -> Wire:
        return self.value(data, self._scope, pointer, plain)

    def value(self, raw: object, scope: Scope, pointer: Pointer, convert: Callable[[Value], Wire]) -> Wire:
        place = self._places.get(pointer, pointer)
        compiled = self._sources.value(raw, scope, place)
        if convert in (day, time_of_day) and not compiled.constant:
            # An instant falls on a day, and shows as a time, in the customer's zone.
            self._sources.needs_setting = True
        try:
            return convert(compiled)
        except RuleError as error:
            # A literal that is of the wrong kind is found out at once.
            self._sources.report.add("wrong_type", place, error.message)
            return fixed(None)

    def text(self, source: str, scope: Scope, pointer: Pointer, *, markdown: bool) -> Wire:
        if source.startswith("=") and not source.startswith("=="):
            return self.value(source, scope, pointer, printed)
        place = self._places.get(pointer, pointer)
        return spans(
            self._sources.text(
                source.removeprefix("="), scope, place, markdown=markdown, runtime=self._runtime
            )
        )

    def link(self, url: str, scope: Scope, pointer: Pointer) -> Wire:
        return address(self._sources.link(url, scope, pointer))

    def duration(self, text: str, pointer: Pointer) -> Wire:
        self._sources.duration(text, pointer)
        return fixed(text)


class _Fields:
    """The fields of one element, in the scope of its item if it is repeated."""

    def __init__(self, compiler: ElementCompiler, scope: Scope, element: WrittenElement) -> None:
        self._compiler = compiler
        self._scope = scope
        self._element = element

    def field(self, name: str, value: object, pointer: Pointer) -> Wire:
        match name:
            case "text":
                return self._text(str(value), pointer, markdown=isinstance(self._element, written.TextBlock))
            case "label" | "placeholder" | "alt":
                return self._value(value, pointer, printed)
            case "url" | "thumbnail":
                return self._compiler.link(str(value), self._scope, pointer)
            case "payload":
                return self._value(value, pointer, plain)
            case "default" | "min" | "max" | "value":
                return self._value(value, pointer, _KINDS.get(type(self._element), plain))
            case "items" | "options":
                assert isinstance(value, list)
                return listed([self._item(item, child(pointer, at)) for at, item in enumerate(value)])
            case "messages":
                assert isinstance(value, dict)
                texts = value.items()
                return mapped(
                    {rule: self._value(text, child(pointer, rule), printed) for rule, text in texts}
                )
            case "for":
                return self._compiler.duration(str(value), pointer)
            case _:
                return fixed(value)

    def _item(self, item: object, pointer: Pointer) -> Wire:
        match item:
            case inputs.Option():
                label = self._value(item.label, child(pointer, "label"), printed)
                return mapped({"value": fixed(item.value), "label": label})
            case written.Field():
                label = self._value(item.label, child(pointer, "label"), printed)
                value = self._text(item.value, child(pointer, "value"), markdown=False)
                return mapped({"label": label, "value": value})
            case _:
                return self._text(str(item), pointer, markdown=False)

    def _value(self, raw: object, pointer: Pointer, convert: Callable[[Value], Wire]) -> Wire:
        return self._compiler.value(raw, self._scope, pointer, convert)

    def _text(self, source: str, pointer: Pointer, *, markdown: bool) -> Wire:
        return self._compiler.text(source, self._scope, pointer, markdown=markdown)


# What `default`, `min`, `max` and `value` of an element are; of the others they are the options' own values.
_KINDS: Final[dict[type, Callable[[Value], Wire]]] = {
    written.Progress: number,
    inputs.TextInput: printed,
    inputs.NumberInput: number,
    inputs.DateInput: day,
    inputs.TimeInput: time_of_day,
    inputs.Switch: boolean,
    inputs.Stepper: number,
    inputs.Rating: number,
}


def _is_off(value: object) -> bool:
    """Whether a field says nothing, and so does not go over the wire."""
    return value is False or value in ("", {}) or isinstance(value, msgspec.UnsetType)

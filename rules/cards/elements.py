"""A card template, compiled: each element as what goes over the wire, fixed as far as it can be.

A field means the same in every element – `text` a text with runtime variables, `label` plain text, `url` an
address … – so that its name says how it is compiled. Rendering is `view.py`; what else an author got wrong
is `check_cards.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ..compiling.sources import Sources
from ..compiling.wire import Wire, address, boolean, day, fixed, listed, mapped, number, plain, printed, spans
from ..conditions import Condition
from ..documents import cards as written
from ..documents.problems import Pointer, child
from ..errors import RuleError
from ..types import Scope
from ..values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """`wire` is its wire form. `values` are what a submit button adds; the app does not see them."""

    type: str
    id: str
    wire: Wire
    when: Condition | None = None
    name: str | None = None
    values: Wire | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTemplate:
    """`menu` is as it goes over the wire."""

    id: str
    title: Wire
    body: tuple[Element, ...] = ()
    data: Wire | None = None
    menu: Mapping[str, object] = field(default_factory=dict)
    runtime_variables: Wire | None = None


# Fields that are not on the wire, or are compiled by themselves.
_APART: Final = frozenset({"id", "when", "values"})
_INPUTS: Final = frozenset({"text_input", "number_input", "switch", "date_input", "dropdown", "checkboxes"})


def compile_card(
    id: str, card: written.Card, sources: Sources, scope: Scope, pointer: Pointer
) -> CardTemplate:
    """The template of a card; what is wrong with its sources goes to their report."""
    compiling = _Compiling(sources, scope, frozenset(card.runtime_variables))
    body = child(pointer, "body")
    return CardTemplate(
        id=id,
        title=compiling.value(card.title, child(pointer, "title"), printed),
        data=None
        if isinstance(card.data, msgspec.UnsetType)
        else compiling.value(card.data, child(pointer, "data"), plain),
        body=tuple(
            compiling.element(element, id, child(body, index))
            for index, (element, id) in enumerate(zip(card.body, element_ids(card), strict=True))
        ),
        menu=_menu(card, sources, pointer),
        runtime_variables=compiling.runtime_variables(card, child(pointer, "runtime_variables")),
    )


def element_ids(card: written.Card) -> list[str]:
    """The id of each element: its own, else its name, else its type and place, which `when` does not move."""
    given = [given_id(element) for element in card.body]
    taken = {each for each in given if each is not None}
    ids: list[str] = []
    for index, (element, own) in enumerate(zip(card.body, given, strict=True)):
        made = own or f"{tag_of(element)}_{index + 1}"
        while own is None and made in taken:
            made += "_"
        taken.add(made)
        ids.append(made)
    return ids


def given_id(element: written.Element) -> str | None:
    """The id that the author gave: the element's own, else the name of an input or submit button."""
    if isinstance(element.id, str):
        return element.id
    return name_of(element)


def name_of(element: written.Element) -> str | None:
    return element.name if isinstance(element, (written.InputBase, written.Submit)) else None


def tag_of(element: written.Element) -> str:
    """The element's `type`, as it is written."""
    return str(type(element).__struct_config__.tag)


def is_input(type: str) -> bool:
    return type in _INPUTS


def _menu(card: written.Card, sources: Sources, pointer: Pointer) -> dict[str, object]:
    menu: dict[str, object] = {name: True for name, on in msgspec.structs.asdict(card.menu).items() if on}
    presets = child(child(pointer, "snooze"), "presets")
    for index, preset in enumerate(card.snooze.presets):
        sources.duration(preset, child(presets, index))
    if card.snooze.presets:
        menu["snooze_presets"] = list(card.snooze.presets)
    if card.snooze.custom:
        menu["snooze_custom"] = True
    return menu


class _Compiling:
    """Compiles the fields of one card's elements, each by its name."""

    def __init__(self, sources: Sources, scope: Scope, runtime: frozenset[str]) -> None:
        self._sources = sources
        self._scope = scope
        self._runtime = runtime

    def element(self, element: written.Element, id: str, pointer: Pointer) -> Element:
        entries = {"type": fixed(tag_of(element)), "id": fixed(id)}
        for info in msgspec.structs.fields(element):
            name, value = info.encode_name, getattr(element, info.name)
            if name not in _APART and not _is_off(value):
                entries[name] = self._field(element, name, value, child(pointer, name))
        when, values = element.when, None
        if isinstance(element, written.Submit) and element.values:
            values = self.value(element.values, child(pointer, "values"), plain)
        return Element(
            type=tag_of(element),
            id=id,
            name=name_of(element),
            wire=mapped(entries),
            when=self._sources.condition(when, self._scope, child(pointer, "when"))
            if isinstance(when, str)
            else None,
            values=values,
        )

    def runtime_variables(self, card: written.Card, pointer: Pointer) -> Wire | None:
        if not card.runtime_variables:
            return None
        return mapped(
            {
                name: mapped(
                    {"default": self.value(variable.default, child(child(pointer, name), "default"), printed)}
                )
                for name, variable in card.runtime_variables.items()
            }
        )

    def value(self, raw: object, pointer: Pointer, convert: Callable[[Value], Wire]) -> Wire:
        compiled = self._sources.value(raw, self._scope, pointer)
        try:
            return convert(compiled)
        except RuleError as error:
            # A literal that is of the wrong kind is found out at once.
            self._sources.report.add("wrong_type", pointer, error.message)
            return fixed(None)

    def _field(self, element: written.Element, name: str, value: object, pointer: Pointer) -> Wire:
        match name:
            case "text":
                return self._text(str(value), pointer, markdown=isinstance(element, written.TextBlock))
            case "label" | "placeholder" | "alt":
                return self.value(value, pointer, printed)
            case "url":
                return address(self._sources.link(str(value), self._scope, pointer))
            case "payload":
                return self.value(value, pointer, plain)
            case "default" | "min" | "max":
                return self.value(value, pointer, _BOUNDS.get(type(element), plain))
            case "items" | "options":
                assert isinstance(value, list)
                return listed([self._item(item, child(pointer, at)) for at, item in enumerate(value)])
            case "messages":
                assert isinstance(value, dict)
                return mapped(
                    {rule: self.value(text, child(pointer, rule), printed) for rule, text in value.items()}
                )
            case "for":
                self._sources.duration(str(value), pointer)
                return fixed(value)
            case _:
                return fixed(value)

    def _item(self, item: object, pointer: Pointer) -> Wire:
        match item:
            case written.Option():
                label = self.value(item.label, child(pointer, "label"), printed)
                return mapped({"value": fixed(item.value), "label": label})
            case written.Field():
                label = self.value(item.label, child(pointer, "label"), printed)
                return mapped(
                    {"label": label, "value": self._text(item.value, child(pointer, "value"), markdown=False)}
                )
            case _:
                return self._text(str(item), pointer, markdown=False)

    def _text(self, source: str, pointer: Pointer, *, markdown: bool) -> Wire:
        if source.startswith("=") and not source.startswith("=="):
            return self.value(source, pointer, printed)
        source = source.removeprefix("=")
        return spans(
            self._sources.text(source, self._scope, pointer, markdown=markdown, runtime=self._runtime)
        )


_BOUNDS: Final[dict[type, Callable[[Value], Wire]]] = {
    written.TextInput: printed,
    written.NumberInput: number,
    written.DateInput: day,
    written.Switch: boolean,
}


def _is_off(value: object) -> bool:
    """Whether a field says nothing, and so does not go over the wire."""
    return value is False or value in ("", {}) or isinstance(value, msgspec.UnsetType)

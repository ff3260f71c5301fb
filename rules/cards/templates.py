"""A card template, compiled: its own screen, its subviews, and the same in each language that it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from ..compiling.sources import Sources
from ..compiling.wire import Wire, mapped
from ..documents import cards as written
from ..documents.problems import Pointer, child
from ..text.locales import nearest
from ..types import Scope
from .elements import Element, ElementCompiler
from .names import element_ids
from .translations import Localized, localized


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What is seen at once: the card itself, or a subview."""

    title: Wire
    body: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTemplate:
    """`menu` is as it goes over the wire. `translations`: the whole template by canonical locale."""

    id: str
    screen: Screen
    subviews: Mapping[str, Screen] = field(default_factory=dict)
    data: Wire | None = None
    menu: Mapping[str, object] = field(default_factory=dict)
    runtime_variables: Wire | None = None
    translations: Mapping[str, CardTemplate] = field(default_factory=dict)

    def spoken(self, locale: str) -> CardTemplate:
        """In the nearest language that there is: the locale's, else its language's, else its own."""
        return nearest(self.translations, locale) or self if self.translations else self


def compile_card(
    id: str, card: written.Card, sources: Sources, scope: Scope, pointer: Pointer
) -> CardTemplate:
    """The template of a card; what is wrong with its sources goes to their report."""
    own = _Compiling(Localized(card), sources, scope, pointer)
    template = CardTemplate(
        id=id,
        screen=own.screen(),
        subviews=own.subviews(),
        data=own.data(),
        menu=_menu(card, sources, pointer),
        runtime_variables=own.runtime_variables(),
    )
    translations: dict[str, CardTemplate] = {}
    for locale, version in localized(card, sources.report, pointer).items():
        other = _Compiling(version, sources, scope, pointer, original=own)
        translations[locale] = replace(
            template,
            screen=other.screen(),
            subviews=other.subviews(),
            runtime_variables=other.runtime_variables(),
        )
    # Whose language it is to be in, only the profile says.
    sources.needs_setting = sources.needs_setting or bool(translations)
    return replace(template, translations=translations)


def _menu(card: written.Card, sources: Sources, pointer: Pointer) -> dict[str, object]:
    menu: dict[str, object] = {name: True for name, on in msgspec.structs.asdict(card.menu).items() if on}
    presets = child(child(pointer, "snooze"), "presets")
    for index, preset in enumerate(card.snooze.presets):
        sources.duration(preset, child(presets, index))
    if card.snooze.presets:
        menu["snooze_presets"] = list(card.snooze.presets)
    if card.snooze.custom:
        menu["snooze_custom"] = True
    if card.snooze.notify:
        menu["snooze_notify"] = True
    return menu


class _Compiling:
    """One card in one language. What a translation left as it is comes from the `original`."""

    def __init__(
        self,
        version: Localized,
        sources: Sources,
        scope: Scope,
        pointer: Pointer,
        *,
        original: _Compiling | None = None,
    ) -> None:
        card = version.card
        self._card = card
        self._pointer = pointer
        self._elements = ElementCompiler(sources, scope, frozenset(card.runtime_variables), version.places)
        self._original = {} if original is None else original.compiled
        self._ids = dict(
            zip(
                (placed.pointer for placed in written.elements(card, pointer)), element_ids(card), strict=True
            )
        )
        self.compiled: dict[Pointer, tuple[written.Element, Element]] = {}
        """By where it stands: what was written, and what it became."""

    def screen(self) -> Screen:
        return self._screen(self._card.title, self._card.body, self._pointer)

    def subviews(self) -> dict[str, Screen]:
        place = child(self._pointer, "subviews")
        return {
            name: self._screen(subview.title, subview.body, child(place, name))
            for name, subview in self._card.subviews.items()
        }

    def data(self) -> Wire | None:
        data = self._card.data
        if isinstance(data, msgspec.UnsetType):
            return None
        return self._elements.data(data, child(self._pointer, "data"))

    def runtime_variables(self) -> Wire | None:
        place = child(self._pointer, "runtime_variables")
        entries = {
            name: mapped(
                {"default": self._elements.plain_text(variable.default, child(child(place, name), "default"))}
            )
            for name, variable in self._card.runtime_variables.items()
        }
        return mapped(entries) if entries else None

    def _screen(self, title: str, body: list[written.Element], pointer: Pointer) -> Screen:
        place = child(pointer, "body")
        return Screen(
            title=self._elements.plain_text(title, child(pointer, "title")),
            body=tuple(self._element(element, child(place, index)) for index, element in enumerate(body)),
        )

    def _element(self, element: written.Element, pointer: Pointer) -> Element:
        before = self._original.get(pointer)
        if before is not None and before[0] is element:
            return before[1]
        made = self._elements.element(element, self._ids[pointer], pointer)
        self.compiled[pointer] = element, made
        return made

"""A card with its texts in other languages: merged as it is written, before anything is compiled.

Each locale gives a whole card in which the translated texts stand, and says where they were written, so that
what is wrong with one is told at its own place. A locale builds on its language: `mi-NZ` on `mi`. The
structure is the card's alone: a translation that does not fit it is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from msgspec import UnsetType
from msgspec.structs import fields, replace

from ..documents import translations as written
from ..documents.cards import Card, Element
from ..documents.elements import Fields, TextList
from ..documents.inputs import Option
from ..documents.problems import Pointer, Report, child, nearest
from ..text.locales import canonical, widened
from .names import given_id, name_of, tag_of

_TEXTS: Final = ("text", "alt", "label", "placeholder")


@dataclass(frozen=True, slots=True)
class Localized:
    """`places`: where the texts of the card were written that are not its own, by where they stand in it."""

    card: Card
    places: Mapping[Pointer, Pointer] = field(default_factory=dict)


def localized(card: Card, report: Report, pointer: Pointer) -> dict[str, Localized]:
    """The card in each of its locales, by canonical name."""
    made: dict[str, Localized] = {}
    for locale in sorted(card.translations, key=len):
        place, name = child(child(pointer, "translations"), locale), canonical(locale)
        if name in made:
            report.add("duplicate_id", place, f'"{locale}" is here twice, spelled otherwise.', at_key=True)
            continue
        base = next((made[around] for around in widened(name) if around in made), Localized(card))
        made[name] = _Merging(base, report, pointer).merged(card.translations[locale], place)
    return made


class _Merging:
    """One translation laid over a card."""

    def __init__(self, base: Localized, report: Report, pointer: Pointer) -> None:
        self._card = base.card
        self._places = dict(base.places)
        self._report = report
        self._pointer = pointer

    def merged(self, translation: written.Translation, place: Pointer) -> Localized:
        card = self._card
        title = self._text(
            card.title, translation.title, child(self._pointer, "title"), child(place, "title")
        )
        body = self._body(card.body, translation.body, child(self._pointer, "body"), child(place, "body"))
        subviews, variables = dict(card.subviews), dict(card.runtime_variables)
        inside, around = child(self._pointer, "subviews"), child(place, "subviews")
        for name, texts in translation.subviews.items():
            if name not in subviews:
                self._unknown("unknown_subview", "subview", name, subviews, child(around, name))
                continue
            own, its = child(inside, name), child(around, name)
            subviews[name] = replace(
                subviews[name],
                title=self._text(subviews[name].title, texts.title, child(own, "title"), child(its, "title")),
                body=self._body(subviews[name].body, texts.body, child(own, "body"), child(its, "body")),
            )
        inside, around = child(self._pointer, "runtime_variables"), child(place, "runtime_variables")
        for name, variable in translation.runtime_variables.items():
            if name not in variables:
                self._unknown("unknown_variable", "runtime variable", name, variables, child(around, name))
                continue
            own, its = child(child(inside, name), "default"), child(child(around, name), "default")
            default = self._text(variables[name].default, variable.default, own, its)
            variables[name] = replace(variables[name], default=default)
        made = replace(card, title=title, body=body, subviews=subviews, runtime_variables=variables)
        return Localized(made, self._places)

    def _text(self, text: str, translated: str | UnsetType, own: Pointer, its: Pointer) -> str:
        if isinstance(translated, UnsetType):
            return text
        self._places[own] = its
        return translated

    # --- elements ----------------------------------------------------------------------------------

    def _body(
        self, body: list[Element], entries: list[written.TranslatedElement], own: Pointer, its: Pointer
    ) -> list[Element]:
        merged = list(body)
        taken: set[int] = set()
        for number, entry in enumerate(entries):
            place = child(its, number)
            index = self._index(body, entry, number, place)
            if index is None:
                continue
            if index in taken:
                self._report.add("duplicate_id", place, "The texts of this element stand here already.")
            taken.add(index)
            merged[index] = self._element(body[index], entry, child(own, index), place)
        return merged

    def _index(
        self, body: Sequence[Element], entry: written.TranslatedElement, number: int, place: Pointer
    ) -> int | None:
        """Where the element stands that the entry is about."""
        for key, called, known in (
            ("id", entry.id, [given_id(element) for element in body]),
            ("name", entry.name, [name_of(element) for element in body]),
        ):
            if isinstance(called, str) and called in known:
                return known.index(called)
            if isinstance(called, str):
                names = [name for name in known if name is not None]
                self._unknown("unknown_element", f"element with the {key}", called, names, child(place, key))
                return None
        if number < len(body):
            return number
        message = (
            f"The card has only {len(body)} elements here; give the id or name of the one that is meant."
        )
        self._report.add("unknown_element", place, message)
        return None

    def _element(
        self, element: Element, entry: written.TranslatedElement, own: Pointer, its: Pointer
    ) -> Element:
        tag = tag_of(element)
        if isinstance(entry.type, str) and entry.type != tag:
            self._wrong(child(its, "type"), f'The element is a "{tag}", not a "{entry.type[:64]}".')
            return element
        taken = {info.encode_name for info in fields(element)}
        changes: dict[str, object] = {}
        for key in (*_TEXTS, "items", "options", "messages"):
            given = getattr(entry, key)
            if isinstance(given, UnsetType):
                continue
            if key not in taken:
                self._wrong(child(its, key), f'A "{tag}" has no "{key}".')
                continue
            changes[key] = self._field(element, key, given, child(own, key), child(its, key))
        return replace(element, **changes) if changes else element

    def _field(self, element: Element, key: str, given: object, own: Pointer, its: Pointer) -> object:
        present = getattr(element, key)
        match key:
            case "items":
                assert isinstance(element, (TextList, Fields))
                return self._items(element, cast("list[str | written.TranslatedField]", given), own, its)
            case "options":
                return self._options(present, cast("list[written.TranslatedOption]", given), own, its)
            case "messages":
                assert isinstance(given, dict)
                self._places |= {child(own, rule): child(its, rule) for rule in given}
                return {**present, **given}
            case _:
                self._places[own] = its
                return given

    def _items(
        self,
        element: TextList | Fields,
        given: list[str | written.TranslatedField],
        own: Pointer,
        its: Pointer,
    ) -> list[object]:
        present: list[object] = list(element.items)
        if len(given) != len(present):
            self._wrong(its, f"There are {len(given)} items here, the element has {len(present)}.")
            return present
        merged: list[object] = []
        for index, (item, texts) in enumerate(zip(present, given, strict=True)):
            places = child(own, index), child(its, index)
            if isinstance(texts, str) != isinstance(item, str):
                wanted = "a text" if isinstance(item, str) else "a mapping with label and value"
                self._wrong(places[1], f"This item is {wanted}.")
                merged.append(item)
            elif isinstance(texts, str):
                self._places[places[0]] = places[1]
                merged.append(texts)
            else:
                merged.append(self._pair(item, texts, *places))
        return merged

    def _pair(self, item: object, texts: written.TranslatedField, own: Pointer, its: Pointer) -> object:
        assert not isinstance(item, str)
        merged = {
            key: self._text(getattr(item, key), getattr(texts, key), child(own, key), child(its, key))
            for key in ("label", "value")
        }
        return replace(item, **merged)  # type: ignore[type-var]  # a `Field`, as it is no text

    def _options(
        self, present: list[Option], given: list[written.TranslatedOption], own: Pointer, its: Pointer
    ) -> list[Option]:
        merged = list(present)
        for number, texts in enumerate(given):
            place, value = child(its, number), texts.value
            index = number if isinstance(value, UnsetType) else _index_of(value, present)
            if index is None or index >= len(present):
                self._wrong(place, "The element has no such option.")
                continue
            self._places[child(child(own, index), "label")] = child(place, "label")
            merged[index] = replace(merged[index], label=texts.label)
        return merged

    # --- problems ----------------------------------------------------------------------------------

    def _wrong(self, place: Pointer, message: str) -> None:
        self._report.add("bad_translation", place, message)

    def _unknown(
        self, code: str, what: str, name: str, known: Mapping[str, object] | list[str], place: Pointer
    ) -> None:
        self._report.add(code, place, f'There is no {what} "{name}".{nearest(name, known)}')


def _index_of(value: object, options: Sequence[Option]) -> int | None:
    """True is not 1 here."""
    for index, option in enumerate(options):
        if option.value == value and isinstance(option.value, bool) == isinstance(value, bool):
            return index
    return None

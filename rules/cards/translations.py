"""A card with its texts in other languages: merged as it is written, before anything is compiled.

Each locale gives a whole card in which the translated texts stand, and says where they were written, so that
what is wrong with one is told at its own place. A locale builds on its language: `mi-NZ` on `mi`. The
structure is the card's alone: a translation that does not fit it is reported.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct, UnsetType
from msgspec.structs import replace

from ..documents import translations as written
from ..documents.cards import Card, Element, RuntimeVariable, Subview
from ..documents.elements import Field
from ..documents.inputs import Option
from ..documents.problems import Pointer, Report, child, nearest
from ..text.locales import canonical, widened
from .names import given_id, name_of, tag_of

_FIELDS: Final = ("text", "alt", "label", "placeholder", "items", "options", "messages")
_NOTHING: Final = written.TranslatedElement()

Texts = TypeVar("Texts", bound=Struct)


@dataclass(frozen=True, slots=True)
class Localized:
    """`places`: where the texts of the card were written that are not its own, by where they stand in it."""

    card: Card
    places: Mapping[Pointer, Pointer] = field(default_factory=dict)


class _Spot(NamedTuple):
    """Where something stands in the card, and where its translation does."""

    card: Pointer
    translation: Pointer

    def at(self, token: str | int) -> _Spot:
        return _Spot(child(self.card, token), child(self.translation, token))

    def across(self, number: int, index: int) -> _Spot:
        """The `index`th of the card, translated by the `number`th entry."""
        return _Spot(child(self.card, index), child(self.translation, number))


def localized(card: Card, report: Report, pointer: Pointer) -> dict[str, Localized]:
    """The card in each of its locales, by canonical name."""
    made: dict[str, Localized] = {}
    for locale in sorted(card.translations, key=len):
        spot, name = _Spot(pointer, child(child(pointer, "translations"), locale)), canonical(locale)
        if name in made:
            message = f'"{locale}" is here twice, spelled otherwise.'
            report.add("duplicate_id", spot.translation, message, at_key=True)
            continue
        base = next((made[around] for around in widened(name) if around in made), Localized(card))
        made[name] = _Merging(base, report).merged(card.translations[locale], spot)
    return made


class _Merging:
    """One translation laid over a card."""

    def __init__(self, base: Localized, report: Report) -> None:
        self._card = base.card
        self._places = dict(base.places)
        self._report = report

    def merged(self, translation: written.Translation, spot: _Spot) -> Localized:
        card = self._card
        made = replace(
            card,
            title=self._text(card.title, translation.title, spot.at("title")),
            body=self._body(card.body, translation.body, spot.at("body")),
            subviews=self._subviews(card.subviews, translation.subviews, spot.at("subviews")),
            runtime_variables=self._variables(
                card.runtime_variables, translation.runtime_variables, spot.at("runtime_variables")
            ),
        )
        return Localized(made, self._places)

    def _subviews(
        self, subviews: dict[str, Subview], texts: Mapping[str, written.TranslatedSubview], spot: _Spot
    ) -> dict[str, Subview]:
        known = self._known("unknown_subview", "subview", texts, subviews, spot)
        return subviews | {
            name: replace(
                subviews[name],
                title=self._text(subviews[name].title, each.title, spot.at(name).at("title")),
                body=self._body(subviews[name].body, each.body, spot.at(name).at("body")),
            )
            for name, each in known.items()
        }

    def _variables(
        self,
        variables: dict[str, RuntimeVariable],
        texts: Mapping[str, written.TranslatedVariable],
        spot: _Spot,
    ) -> dict[str, RuntimeVariable]:
        known = self._known("unknown_variable", "runtime variable", texts, variables, spot)
        return variables | {
            name: RuntimeVariable(default=self._text("", each.default, spot.at(name).at("default")))
            for name, each in known.items()
        }

    def _text(self, text: str, translated: str | UnsetType, spot: _Spot) -> str:
        if isinstance(translated, UnsetType):
            return text
        self._places[spot.card] = spot.translation
        return translated

    # --- elements ----------------------------------------------------------------------------------

    def _body(
        self, body: list[Element], entries: list[written.TranslatedElement], spot: _Spot
    ) -> list[Element]:
        merged = list(body)
        taken: set[int] = set()
        for number, entry in enumerate(entries):
            place = child(spot.translation, number)
            index = None if entry == _NOTHING else self._index(body, entry, number, place)
            if index is None:
                continue
            if index in taken:
                self._report.add("duplicate_id", place, "The texts of this element stand here already.")
            taken.add(index)
            merged[index] = self._element(body[index], entry, spot.across(number, index))
        return merged

    def _index(
        self, body: Sequence[Element], entry: written.TranslatedElement, number: int, place: Pointer
    ) -> int | None:
        """Where the element stands that the entry is about."""
        for key, called, name_in in (("id", entry.id, given_id), ("name", entry.name, name_of)):
            if isinstance(called, str):
                known = [name_in(element) for element in body]
                if called in known:
                    return known.index(called)
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

    def _element(self, element: Element, entry: written.TranslatedElement, spot: _Spot) -> Element:
        tag = tag_of(element)
        if isinstance(entry.type, str) and entry.type != tag:
            message = f'The element is a "{tag}", not a "{entry.type[:64]}".'
            self._wrong(spot.at("type"), message)
            return element
        has = element.__struct_encode_fields__
        changes: dict[str, object] = {}
        for key in _FIELDS:
            given = getattr(entry, key)
            if isinstance(given, UnsetType):
                continue
            if key in has:
                changes[key] = self._field(getattr(element, key), given, spot.at(key))
            else:
                self._wrong(spot.at(key), f'A "{tag}" has no "{key}".')
        return replace(element, **changes)

    def _field(self, present: object, given: object, spot: _Spot) -> object:
        """A text, texts by rule, options, or items."""
        if isinstance(given, dict):
            assert isinstance(present, dict)
            return present | {rule: self._text("", text, spot.at(rule)) for rule, text in given.items()}
        if isinstance(given, list):
            assert isinstance(present, list)
            if isinstance(given[0], written.TranslatedOption):
                return self._options(present, given, spot)
            return self._items(present, given, spot)
        assert isinstance(given, str)
        return self._text("", given, spot)

    def _items(
        self, present: list[object], given: list[str | written.TranslatedField], spot: _Spot
    ) -> list[object]:
        if len(given) != len(present):
            self._wrong(spot, f"There are {len(given)} items here, the element has {len(present)}.")
            return present
        pairs = enumerate(zip(present, given, strict=True))
        return [self._item(item, texts, spot.at(index)) for index, (item, texts) in pairs]

    def _item(self, item: object, texts: str | written.TranslatedField, spot: _Spot) -> object:
        if isinstance(texts, str) and isinstance(item, str):
            return self._text(item, texts, spot)
        if isinstance(texts, written.TranslatedField) and isinstance(item, Field):
            label = self._text(item.label, texts.label, spot.at("label"))
            return replace(item, label=label, value=self._text(item.value, texts.value, spot.at("value")))
        wanted = "a text" if isinstance(item, str) else "a mapping with label and value"
        self._wrong(spot, f"This item is {wanted}.")
        return item

    def _options(
        self, present: list[Option], given: list[written.TranslatedOption], spot: _Spot
    ) -> list[Option]:
        merged = list(present)
        for number, texts in enumerate(given):
            index = number if isinstance(texts.value, UnsetType) else _index_of(texts.value, present)
            if index is None or index >= len(present):
                self._wrong(spot.at(number), "The element has no such option.")
                continue
            label = self._text("", texts.label, spot.across(number, index).at("label"))
            merged[index] = replace(present[index], label=label)
        return merged

    # --- problems ----------------------------------------------------------------------------------

    def _wrong(self, spot: _Spot, message: str) -> None:
        self._report.add("bad_translation", spot.translation, message)

    def _known(
        self, code: str, what: str, texts: Mapping[str, Texts], known: Mapping[str, object], spot: _Spot
    ) -> dict[str, Texts]:
        """Those of the texts that are for something that the card has."""
        for name in texts:
            if name not in known:
                self._unknown(code, what, name, known, child(spot.translation, name))
        return {name: each for name, each in texts.items() if name in known}

    def _unknown(self, code: str, what: str, name: str, known: Collection[str], place: Pointer) -> None:
        self._report.add(code, place, f'There is no {what} "{name}".{nearest(name, known)}')


def _index_of(value: object, options: Sequence[Option]) -> int | None:
    """True is not 1 here."""
    for index, option in enumerate(options):
        if option.value == value and isinstance(option.value, bool) == isinstance(value, bool):
            return index
    return None

"""What is wrong with a card template beside its sources: names, bounds, choices, pictures without words."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UnsetType

from ..cards.elements import given_id
from ..cards.form import compile_pattern
from ..documents import cards as written
from ..documents.problems import Pointer, Report, child
from ..errors import RuleError


def closes(card: written.Card) -> bool:
    """Whether the customer can close a card of this template."""
    return card.menu.dismiss or any(
        isinstance(element, written.Dismiss)
        or (isinstance(element, written.Submit) and not element.keep_open)
        for element in card.body
    )


def is_note(card: written.Card) -> bool:
    """Whether the card asks nothing, and the customer can put it away."""
    asks = any(isinstance(element, written.Submit) for element in card.body)
    return not asks and closes(card)


def check_card(card: written.Card, report: Report, pointer: Pointer) -> None:
    _check_ids(card, report, child(pointer, "body"))
    for index, element in enumerate(card.body):
        _check_element(element, report, child(child(pointer, "body"), index))


def _check_ids(card: written.Card, report: Report, pointer: Pointer) -> None:
    """Ids and names share one space: an input's name is its id unless it has one of its own."""
    taken: set[str] = set()
    names: set[str] = set()
    for index, element in enumerate(card.body):
        place = child(pointer, index)
        own = given_id(element)
        if own is not None and own in taken:
            key = "name" if isinstance(element.id, UnsetType) else "id"
            report.add("duplicate_id", child(place, key), f'"{own}" is used twice in this card.')
        taken |= {own} if own else set()
        name = getattr(element, "name", None)
        if name is not None and name in names and own not in (name,):
            report.add("duplicate_id", child(place, "name"), f'"{name}" is used twice in this card.')
        names |= {name} if name else set()


def _check_element(element: written.Element, report: Report, pointer: Pointer) -> None:
    match element:
        case written.Image():
            if not element.alt:
                report.add("missing_alt", pointer, "The picture has no words for those who cannot see it.")
        case written.Link():
            _choose_one(report, pointer, {"url": element.url, "payload": element.payload}, is_needed=True)
        case written.Submit():
            _choose_one(report, pointer, {"url": element.url, "payload": element.payload}, is_needed=False)
        case written.TextInput():
            _in_order(report, pointer, element.min_length, element.max_length, "min_length")
            _check_pattern(element, report, pointer)
        case written.NumberInput() | written.DateInput():
            _in_order(report, pointer, element.min, element.max, "min")
        case written.Dropdown() | written.Checkboxes():
            _check_options(element, report, pointer)
        case _:
            return


def _choose_one(report: Report, pointer: Pointer, keys: dict[str, object], *, is_needed: bool) -> None:
    given = [key for key, value in keys.items() if not isinstance(value, UnsetType)]
    words = " or ".join(f'"{key}"' for key in keys)
    if len(given) > 1:
        report.add(
            "choose_one", child(pointer, given[-1]), f"Only one of {words} can stand here.", at_key=True
        )
    elif is_needed and not given:
        report.add("choose_one", pointer, f"One of {words} is needed.")


def _in_order(report: Report, pointer: Pointer, lowest: object, highest: object, key: str) -> None:
    """Literal bounds only; computed ones are what they are."""
    numbers = isinstance(lowest, (int, float)) and isinstance(highest, (int, float))
    if numbers and lowest > highest:  # type: ignore[operator]  # both were just seen to be numbers
        report.add("bad_bounds", child(pointer, key), f"{lowest} is more than {highest}.")


def _check_pattern(element: written.TextInput, report: Report, pointer: Pointer) -> None:
    if isinstance(element.pattern, str):
        try:
            compile_pattern(element.pattern)
        except RuleError as error:
            report.add(error.code, child(pointer, "pattern"), error.message)


def _check_options(element: written.Dropdown | written.Checkboxes, report: Report, pointer: Pointer) -> None:
    values: list[object] = []
    for index, option in enumerate(element.options):
        if _is_among(option.value, values):
            place = child(child(child(pointer, "options"), index), "value")
            report.add("duplicate_id", place, "Another option has this value already.")
        values.append(option.value)
    if isinstance(element, written.Checkboxes):
        _in_order(report, pointer, element.min_checked, element.max_checked, "min_checked")
        _in_order(report, pointer, element.min_checked, len(values), "min_checked")
    chosen = element.default
    given = chosen if isinstance(chosen, list) else [] if isinstance(chosen, UnsetType) else [chosen]
    for value in given:
        if not _is_among(value, values) and not _is_computed(value):
            report.add("bad_default", child(pointer, "default"), f"{value!r} is none of the options.")


def _is_among(value: object, values: Iterable[object]) -> bool:
    """True is not 1 here."""
    return any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in values)


def _is_computed(value: object) -> bool:
    return isinstance(value, str) and (value.startswith("=") or "{{" in value or "{%" in value)

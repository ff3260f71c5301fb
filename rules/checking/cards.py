"""What is wrong with a card template as a whole: names that must differ, subviews, what has no effect.

Its sources are checked where they are compiled, each element by itself in `elements.py`.
"""

from __future__ import annotations

from msgspec import UnsetType

from ..cards.names import given_id, name_of
from ..documents import cards as written
from ..documents.elements import Dismiss, Link, SnoozeButton, Submit
from ..documents.problems import Pointer, Report, child, nearest
from .elements import check_element


def closes(card: written.Card) -> bool:
    """Whether the customer can close a card of this template."""
    return card.menu.dismiss or any(
        isinstance(element, Dismiss) or (isinstance(element, Submit) and not element.keep_open)
        for element, *_ in written.elements(card)
    )


def is_note(card: written.Card) -> bool:
    """Whether the card asks nothing, and the customer can put it away."""
    asks = any(isinstance(element, Submit) for element, *_ in written.elements(card))
    return not asks and closes(card)


def check_card(card: written.Card, report: Report, pointer: Pointer) -> None:
    _check_ids(card, report, pointer)
    _check_subviews(card, report, pointer)
    _check_menu(card, report, pointer)
    for element, place, _ in written.elements(card, pointer):
        check_element(element, report, place)


def _check_ids(card: written.Card, report: Report, pointer: Pointer) -> None:
    """Ids and names share one space, subviews included: an input's name is its id unless it has its own."""
    taken: set[str] = set()
    names: set[str] = set()
    for element, place, _ in written.elements(card, pointer):
        own, name = given_id(element), name_of(element)
        if own is not None and own in taken:
            key = "name" if isinstance(element.id, UnsetType) else "id"
            report.add("duplicate_id", child(place, key), f'"{own}" is used twice in this card.')
        taken |= {own} if own else set()
        if name is not None and name in names and own not in (name,):
            report.add("duplicate_id", child(place, "name"), f'"{name}" is used twice in this card.')
        names |= {name} if name else set()


def _check_subviews(card: written.Card, report: Report, pointer: Pointer) -> None:
    """Links lead to subviews that there are; and links lead, by way of others, to each of them."""
    leads: dict[str | None, list[str]] = {}
    for element, place, subview in written.elements(card, pointer):
        if not isinstance(element, Link) or isinstance(element.subview, UnsetType):
            continue
        if element.subview in card.subviews:
            leads.setdefault(subview, []).append(element.subview)
        else:
            message = f'There is no subview "{element.subview}".{nearest(element.subview, card.subviews)}'
            report.add("unknown_subview", child(place, "subview"), message)
    reached: set[str] = set()
    waiting = list(leads.get(None, ()))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(leads.get(name, ()))
    for name in card.subviews:
        if name not in reached:
            message = f'No link leads to the subview "{name}": it is never sent.'
            report.add("unreachable_subview", child(child(pointer, "subviews"), name), message, at_key=True)


def _check_menu(card: written.Card, report: Report, pointer: Pointer) -> None:
    if card.menu.feedback and not card.menu.vote:
        place = child(child(pointer, "menu"), "feedback")
        report.add("has_no_effect", place, "Feedback is asked with a vote.", at_key=True)
    offers_snooze = card.menu.snooze or any(
        isinstance(element, SnoozeButton) for element, *_ in written.elements(card)
    )
    if card.snooze != written.Snooze() and not offers_snooze:
        message = "The card can be snoozed neither from its menu nor with a button."
        report.add("has_no_effect", child(pointer, "snooze"), message, at_key=True)

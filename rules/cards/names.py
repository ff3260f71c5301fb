"""What the elements of a card are called: their ids and names, and those of an element that is repeated.

A repeated element is told apart by its item's place in the list, from 1: `seat.1`, `seat.2`. A dot cannot
stand in a name that an author gives, so that no two names are the same.
"""

from __future__ import annotations

from typing import Final

from ..documents.cards import Card, Element, elements
from ..documents.elements import ElementBase, Submit
from ..documents.inputs import InputBase

_DOT: Final = "."


def element_ids(card: Card) -> list[str]:
    """Of all elements in their order: its own id, else its name, else its type and place in the card.

    `when` moves no place.
    """
    written = [placed.element for placed in elements(card)]
    given = [given_id(element) for element in written]
    taken = {each for each in given if each is not None}
    ids: list[str] = []
    for index, (element, own) in enumerate(zip(written, given, strict=True)):
        made = own or f"{tag_of(element)}_{index + 1}"
        while own is None and made in taken:
            made += "_"
        taken.add(made)
        ids.append(made)
    return ids


def given_id(element: Element) -> str | None:
    """The id that the author gave: the element's own, else the name of an input or submit button."""
    return element.id if isinstance(element.id, str) else name_of(element)


def name_of(element: Element) -> str | None:
    return element.name if isinstance(element, (InputBase, Submit)) else None


def tag_of(element: ElementBase) -> str:
    """The element's `type`, as it is written."""
    return str(type(element).__struct_config__.tag)


def numbered(name: str, number: int) -> str:
    """The name of a repeated element for its `number`th item."""
    return f"{name}{_DOT}{number}"


def written_name(name: str) -> str:
    """The name as the author wrote it."""
    return name.partition(_DOT)[0]


def item_number(name: str) -> int | None:
    """The place of the item that a name is for; None of an element that is not repeated."""
    _, dot, number = name.partition(_DOT)
    return int(number) if dot else None

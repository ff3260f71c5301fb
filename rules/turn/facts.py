"""What can satisfy an outcome: a card reported, an event came, the profile changed, a moment came.

A fact is noticed by exits first, then by every wait that is armed; what nobody took may be kept.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from ..cards.card import Card
from ..inputs import Event


class CardReported(msgspec.Struct, frozen=True, gc=False):
    """`action` is that of outcomes (flow format §7.3): `completed`, `dismissed`, `expired`, …

    `number` is that of the kept report; 0: it comes just now.
    """

    card: Card
    action: str
    button: str | None = None
    number: int = 0


class EventCame(msgspec.Struct, frozen=True, gc=False):
    """`shown` is `event` of expressions. `number` is that of the kept event; 0: it comes just now."""

    event: Event
    shown: dict[str, object]
    number: int = 0


class ProfileChanged(msgspec.Struct, frozen=True, gc=False):
    """The customer's profile was written, by whomever."""


class MomentCame(msgspec.Struct, frozen=True, gc=False):
    """A timer rang, or its moment was past already."""

    due: int


Fact: TypeAlias = CardReported | EventCame | ProfileChanged | MomentCame

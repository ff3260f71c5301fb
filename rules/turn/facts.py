"""What can satisfy an outcome: a card or a push reported, a child ended, an event or a moment came, the
profile changed.

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


class PushTold(msgspec.Struct, frozen=True, gc=False):
    """What became of a push of that step. `number` is that of the kept report; 0: it comes just now."""

    step: str
    push: str
    status: str
    number: int = 0


class ChildEnded(msgspec.Struct, frozen=True, gc=False):
    """The instance that a start_flow step started has ended. `number` as above."""

    step: str
    child: str
    number: int = 0


Reported: TypeAlias = CardReported | PushTold | ChildEnded
Fact: TypeAlias = Reported | EventCame | ProfileChanged | MomentCame

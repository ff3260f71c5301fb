"""What can satisfy an outcome: a card reported, an event came, the profile changed, a moment came.

A fact is noticed by exits first, then by every wait that is armed; what nobody took may be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .cards import Card
from .inputs import Event


@dataclass(frozen=True, slots=True)
class CardReported:
    """`action` is that of outcomes (flow format §7.3): `completed`, `dismissed`, `expired`, …"""

    card: Card
    action: str
    button: str | None = None


@dataclass(frozen=True, slots=True)
class EventCame:
    """`number` is that of the kept event; 0: it comes just now."""

    event: Event
    number: int = 0


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """The customer's profile was written, by whomever."""


@dataclass(frozen=True, slots=True)
class MomentCame:
    """A timer rang, or its moment was past already."""

    due: int


Fact: TypeAlias = CardReported | EventCame | ProfileChanged | MomentCame

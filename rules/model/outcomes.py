"""Outcomes: what a wait or an exit can be satisfied by (flow format §5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ..calendar.moments import Duration, Moment
    from ..conditions import Condition

Next: TypeAlias = tuple[str, ...]


class Match(StrEnum):
    CUSTOMER = "customer"
    KEY = "key"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOutcome:
    id: str
    after: Duration | None = None
    at: Moment | None = None
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOutcome:
    id: str
    of: str
    actions: frozenset[str]
    button: str | None = None
    when: Condition | None = None
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOutcome:
    id: str
    event: str
    match: Match = Match.CUSTOMER
    when: Condition | None = None
    since_start: bool = False
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOutcome:
    id: str
    when: Condition
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentOutcome:
    """`member`: whether the customer is to be in the segment, or out of it."""

    id: str
    segment: str
    member: bool
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationOutcome:
    id: str
    of: str
    statuses: frozenset[str]
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOutcome:
    id: str
    of: str
    next: Next = ()


Outcome: TypeAlias = (
    TimeOutcome
    | CardOutcome
    | EventOutcome
    | ProfileOutcome
    | SegmentOutcome
    | NotificationOutcome
    | FlowOutcome
)
OfProfile: TypeAlias = ProfileOutcome | SegmentOutcome
"""What is so, rather than what happens: looked at with every write of the profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """An outcome armed for the whole instance (§4): goes on at `on.next`, or ends with `outcome`."""

    on: Outcome
    outcome: str | None = None
    cancel_cards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    after: Duration | None = None
    at: Moment | None = None
    next: Next = ()

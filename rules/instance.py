"""An instance's state, and the one table of its status (flow format §9.7, §9.8).

`running` while tokens live; `failed` as long as a token is parked with an error; the four others are final.
`State` is stored as MessagePack arrays, once per commit: new fields go at the end and have defaults.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from .cards.card import Card


class InstanceStatus(StrEnum):
    RUNNING = "running"
    FAILED = "failed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Change(StrEnum):
    """What can move an instance from one status to another."""

    PARKED = "a token is parked"
    REPAIRED = "no token is parked any more"
    FINISHED = "no token is left, or end"
    CANCELLED = "cancelled"
    EXPIRED = "max_age"


TRANSITIONS: Final[dict[tuple[InstanceStatus, Change], InstanceStatus]] = {
    (InstanceStatus.RUNNING, Change.PARKED): InstanceStatus.FAILED,
    (InstanceStatus.FAILED, Change.PARKED): InstanceStatus.FAILED,
    (InstanceStatus.FAILED, Change.REPAIRED): InstanceStatus.RUNNING,
    (InstanceStatus.RUNNING, Change.FINISHED): InstanceStatus.COMPLETED,
    (InstanceStatus.FAILED, Change.FINISHED): InstanceStatus.COMPLETED,
    (InstanceStatus.RUNNING, Change.CANCELLED): InstanceStatus.CANCELLED,
    (InstanceStatus.FAILED, Change.CANCELLED): InstanceStatus.CANCELLED,
    (InstanceStatus.RUNNING, Change.EXPIRED): InstanceStatus.EXPIRED,
    (InstanceStatus.FAILED, Change.EXPIRED): InstanceStatus.EXPIRED,
}


LIVE: Final = frozenset({InstanceStatus.RUNNING, InstanceStatus.FAILED})
LAYOUT: Final = 1
"""Of the packed state; rises when an old one could not be read as it is."""


class Token(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A point of execution that blocks: at a step that waits for something, held at a join, or parked with an
    error.

    `activation` numbers the arrivals at this step (`step#n`); `since` is ms since the epoch. `latched`: the
    outcomes of a `need: all` wait that have happened. `attempt`: the one under way of a request. `items`:
    what a collect step has gathered.
    """

    step: str
    activation: int
    since: int
    error: dict[str, object] | None = None
    latched: tuple[str, ...] = ()
    attempt: int = 0
    items: tuple[dict[str, object], ...] = ()


class TimerKind(StrEnum):
    OUTCOME = "outcome"
    DEADLINE = "deadline"
    EXIT = "exit"
    PUBLISH = "publish"
    UNSNOOZE = "unsnooze"
    EXPIRE = "expire"
    BEGIN = "begin"
    RETRY = "retry"
    COLLECT = "collect"
    FIRST = "first"
    PUSH = "push"
    MAX_AGE = "max_age"


OF_TOKENS: Final = (
    TimerKind.OUTCOME,
    TimerKind.DEADLINE,
    TimerKind.RETRY,
    TimerKind.COLLECT,
    TimerKind.FIRST,
)
"""They go with their token. A tuple: looking for a member in it compares identities and hashes nothing."""


class Timer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """When something is to happen to what: timers are applied in the order of (due, armed).

    `of` is a step (with its activation and outcome), an exit's id or a card's; `armed` numbers the timers in
    the order in which they were set.
    """

    due: int
    armed: int
    kind: TimerKind
    of: str
    activation: int = 0
    outcome: str = ""


class Report(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a card, a push or a child reported and some wait steps have not taken yet (flow format §5.1,
    "Cards").

    `about` is the id of the card, push or child, `step` the one that it is of. `action` is that of outcomes
    (`completed`, `sent`, `ended`, …). A card itself stays in the state meanwhile. `number` tells equal ones
    apart; 0: from a state of before there were numbers.
    """

    about: str
    step: str
    action: str
    button: str | None
    waiting: tuple[str, ...]
    number: int = 0


class KeptEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event kept for waits with `since: start` that have not taken it, or a later one, yet."""

    number: int
    id: str
    name: str
    time: int
    customer: str | None
    key: str | None
    data: dict[str, object]
    app: bool
    bytes: int
    waiting: tuple[str, ...]


class HeldPush(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A push that waits for the customer's next window, rendered already.

    `card`: whose end is also its own. `topic`: what the customer may not want to hear about.
    """

    id: str
    step: str
    activation: int
    push: dict[str, object]
    card: str | None = None
    topic: str | None = None


class Child(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An instance that a start_flow step started and whose end is not known; `waits`: its token blocks."""

    id: str
    customer: str
    step: str
    activation: int
    waits: bool


class Parent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who started this instance, and wants to hear how it ends."""

    instance: str
    customer: str
    step: str
    activation: int


class Missed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An input that a fault of ours consumed, packed, or the timer that it dropped: for a repair to bring
    back.
    """

    input: bytes = b""
    timer: Timer | None = None


class State(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Everything that a turn needs to know of one instance. Its inner values are never changed in place.

    The first fields are read by the runtime; those from `steps` on belong to the turn function alone.
    """

    layout: int
    id: str
    flow: str
    version: int
    customer: str
    key: str | None
    invocation: str
    test: bool
    status: InstanceStatus
    outcome: str | None
    started_at: int
    ended_at: int | None
    now: int
    """The last turn's time: the next one is never earlier."""
    turn: int
    """Turns so far; with the id it seeds the next turn's ids and chances."""
    error: dict[str, object] | None
    """Of the token parked last, for lists; or of a fault of ours."""
    cards: tuple[Card, ...]
    """Open cards, oldest first, and the closed ones that a step's output or a report still names."""
    variables: dict[str, object]
    tokens: tuple[Token, ...] = ()
    steps: dict[str, dict[str, object]] = {}
    """Outputs by step, with `runs`; what a send_card step says of its card is in `cards`."""
    timers: tuple[Timer, ...] = ()
    reports: tuple[Report, ...] = ()
    events: tuple[KeptEvent, ...] = ()
    held: tuple[str, ...] = ()
    """Profile outcomes (`step/outcome`) that were taken and have held ever since."""
    fired: dict[str, int] = {}
    """The last instant that each time outcome with a fixed moment took (`step/outcome`)."""
    joined: tuple[str, ...] = ()
    """Joins for some that have fired and absorb who comes late."""
    numbered: int = 0
    """Timers set, events and reports kept so far: what orders them."""
    step_count: int = 0
    """Steps run so far."""
    trigger: dict[str, object] | None = None
    """`trigger` of expressions, kept only where the flow reads it."""
    size: int = 0
    """At least the packed size in bytes: grows with what is stored, measured anew near the limit."""
    fault: bool = False
    """A turn ended in a fault of ours: `failed` until somebody repairs it."""
    missed: tuple[Missed, ...] = ()
    """What faults of ours consumed."""
    pushes: tuple[HeldPush, ...] = ()
    children: tuple[Child, ...] = ()
    parent: Parent | None = None
    begins: tuple[str, ...] = ()
    """First steps that have not run yet, because the start is spread over time."""
    renamed: dict[str, str] = {}
    """Parked activations of requests (`step#n`) that a migration renamed, by present name: the former is in
    the key of their call."""

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def is_over(self) -> bool:
        """Nothing can happen to it any more: it has ended, its cards are closed, its pushes are gone."""
        return not (self.live or self.pushes or any(card.open for card in self.cards))

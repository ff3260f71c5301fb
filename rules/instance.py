"""An instance's state, and the one table of its status (flow format §9.7, §9.8).

`running` while tokens live; `failed` as long as a token is parked with an error; the four others are final.
`State` is stored as MessagePack arrays, once per commit: new fields go at the end and have defaults.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from .cards import Card


class InstanceStatus(str, Enum):
    RUNNING = "running"
    FAILED = "failed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Change(str, Enum):
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


class Token(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A point of execution that blocks: at a wait, held at a join, or parked with an error.

    `activation` numbers the arrivals at this step (`step#n`); `since` is ms since the epoch.
    """

    step: str
    activation: int
    since: int
    error: dict[str, object] | None = None


class State(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Everything that a turn needs to know of one instance. The turn function owns the inner lists.

    The first fields are read by the runtime; the rest belongs to `decide.py` alone.
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
    """Of the token parked last, for lists."""
    cards: tuple[Card, ...]
    """Open cards, oldest first, and the closed ones that a step's output still names."""
    variables: dict[str, object]
    tokens: tuple[Token, ...] = ()

"""What happened in a simulated server, input by input, in the order in which it was taken."""

from __future__ import annotations

from dataclasses import dataclass

from rules.effects import Turn
from rules.inputs import Event, Input

from ..records import TimelineRow
from ..work import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaken:
    """One turn: its row of the timeline, and whole what the row tells in short."""

    row: TimelineRow
    input: Input
    turn: Turn

    @property
    def at(self) -> int:
        return self.row.at

    @property
    def flow(self) -> str:
        return self.turn.state.flow

    @property
    def customer(self) -> str:
        return self.turn.state.customer

    @property
    def instance(self) -> str:
        return self.turn.state.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One input with all that one commit holds of it. `events` are those that were routed in it.

    `faults`: what our own code raised, which production would count and log.
    """

    at: int
    order: Order
    answer: object
    turns: tuple[TurnTaken, ...]
    events: tuple[Event, ...]
    faults: tuple[Exception, ...]

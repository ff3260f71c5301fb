"""Inputs to be taken, bounded, in an order that is fair between kinds and kept within a customer.

Each customer is a lane: one input after the other. Lanes stand in line by the kind of their first input, and
the kinds take turns, so that a flood of one event, flow or customer waits behind itself. What clients send is
refused before anything is queued when there is no room; durable inputs (timers, inbox) have room of their own
and are pulled from the store as there is some.
"""

from __future__ import annotations

import asyncio
from collections import deque

from .commands import Overloaded
from .limits import LANE_RUN_MAX, RETRY_AFTER_S, EngineLimits
from .work import Ticket, Work


class Lane:
    """The inputs of one customer. `busy`: some are being prepared, and the next must wait for them."""

    __slots__ = ("busy", "name", "works")

    def __init__(self, name: str) -> None:
        self.name = name
        self.works: deque[Work] = deque()
        self.busy = False


class Intake:
    def __init__(self, limits: EngineLimits) -> None:
        self._limits = limits
        self._lanes: dict[str, Lane] = {}
        self._lines: dict[str, deque[Lane]] = {}
        self._round: deque[str] = deque()  # kinds whose line is not empty
        self._tickets: dict[Ticket, None] = {}
        self._kind_inputs: dict[str, int] = {}
        self.stirred = asyncio.Event()
        """Inputs have come, or a lane is free: there may be something to pull."""
        self.inputs = 0
        """Of clients: accepted and not answered."""
        self.inputs_bytes = 0
        self.internal = 0
        """Durable inputs that are queued."""

    # ── room ───────────────────────────────────────────────────────────────────────────────────────────
    def admit(self, ticket: Ticket) -> None:
        """Make room for all of a call's inputs, or raise Overloaded with nothing changed."""
        limits = self._limits
        if self.inputs + ticket.weight > limits.inputs_max:
            raise Overloaded(RETRY_AFTER_S)
        if self.inputs_bytes + ticket.bytes > limits.inputs_bytes_max:
            raise Overloaded(RETRY_AFTER_S)
        for kind, own in ticket.inputs.items():
            if self._kind_inputs.get(kind, 0) + own > limits.class_inputs_max:
                raise Overloaded(RETRY_AFTER_S)
        self.inputs += ticket.weight
        self.inputs_bytes += ticket.bytes
        for kind, own in ticket.inputs.items():
            self._kind_inputs[kind] = self._kind_inputs.get(kind, 0) + own
        self._tickets[ticket] = None

    def release(self, ticket: Ticket) -> None:
        """The call was answered."""
        self.inputs -= ticket.weight
        self.inputs_bytes -= ticket.bytes
        for kind, own in ticket.inputs.items():
            left = self._kind_inputs[kind] - own
            if left:
                self._kind_inputs[kind] = left
            else:
                del self._kind_inputs[kind]
        del self._tickets[ticket]

    def fail_all(self, error: Exception) -> None:
        """Tell every caller that waits, whether its inputs are queued, taken or being committed."""
        for ticket in self._tickets:
            ticket.fail(error)

    # ── the queue ──────────────────────────────────────────────────────────────────────────────────────
    @property
    def is_empty(self) -> bool:
        return not self._round

    def put(self, work: Work) -> None:
        if work.ticket is None:
            self.internal += 1
        lane = self._lanes.get(work.lane)
        if lane is None:
            lane = self._lanes[work.lane] = Lane(work.lane)
        lane.works.append(work)
        self.stirred.set()
        if len(lane.works) == 1 and not lane.busy:
            self._line_up(lane)

    def pull(self, weight_max: int) -> list[Work]:
        """The next inputs, from each kind's first lane in turn; their lanes are busy until `done`."""
        pulled: list[Work] = []
        weight = 0
        while self._round and weight < weight_max:
            kind = self._round.popleft()
            line = self._lines[kind]
            lane = line.popleft()
            if line:
                self._round.append(kind)
            else:
                del self._lines[kind]
            weight += self._run(lane, kind, weight_max - weight, pulled)
        return pulled

    def done(self, name: str) -> None:
        """The inputs pulled from this lane are prepared: its next ones may follow."""
        lane = self._lanes.get(name)
        if lane is None or not lane.busy:
            return
        lane.busy = False
        if lane.works:
            self._line_up(lane)
        else:
            del self._lanes[name]

    def _run(self, lane: Lane, kind: str, weight_max: int, pulled: list[Work]) -> int:
        lane.busy = True
        works, weight = lane.works, 0
        for _ in range(LANE_RUN_MAX):
            if not works or works[0].kind != kind or weight >= weight_max:
                break
            work = works.popleft()
            weight += work.weight
            if work.ticket is None:
                self.internal -= 1
            pulled.append(work)
        return weight

    def _line_up(self, lane: Lane) -> None:
        kind = lane.works[0].kind
        line = self._lines.get(kind)
        if line is None:
            line = self._lines[kind] = deque()
            self._round.append(kind)
        line.append(lane)

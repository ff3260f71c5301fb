"""A simulated server by itself: what follows from an input, and in which order."""

from __future__ import annotations

from actors.commands import NO_ID, NO_TIME, StartRequest, Target
from actors.letters import Deliver, Raise
from actors.simulation.server import SimulatedServer
from rules.compiling.flows import check
from rules.inputs import Event
from rules.model import Flow

AT = 1_770_000_000_000
MINUTE = 60_000

CALLING = """
flow: calling
triggers: {called: {type: event, event: called}}
start: [mine, theirs]
steps:
  mine: {type: emit, event: rang, data: {by: =customer.id}}
  theirs: {type: emit, event: rang, customer: bob, data: {by: =customer.id}}
"""
HEARING = """
flow: hearing
triggers: {rang: {type: event, event: rang, origins: [backend, flow]}}
start: w
steps:
  w: {type: wait, until: [{id: again, type: event, event: rang}]}
"""
LISTENING = """
flow: listening
start: w
steps:
  w: {type: wait, until: [{id: any, type: event, event: rang, match: any}]}
"""
TICKING = """
flow: ticking
start: w
steps:
  w: {type: wait, until: [{id: t, type: time, after: PT1M, next: w}]}
"""


def compiled(text: str) -> Flow:
    found = check(text, type="yaml", version=1)
    assert found.flow is not None, found.problems
    return found.flow


def serving(*texts: str) -> SimulatedServer:
    return SimulatedServer([compiled(text) for text in texts], at=AT, seed="s")


def post(server: SimulatedServer, name: str, customer: str | None) -> None:
    server.post(Event(id=NO_ID, name=name, time=NO_TIME, customer=customer))


def start(server: SimulatedServer, flow: str, customer: str) -> None:
    server.start(StartRequest(flow=flow, targets=(Target(customer=customer),), client="test"))


def turns(server: SimulatedServer) -> list[tuple[str, str, int]]:
    """Whose, of which flow, the instance's how many-eth."""
    return [(turn.customer, turn.flow, turn.row.turn) for taken in server.record for turn in taken.turns]


def test_what_an_event_does_to_its_own_customer_is_one_input_and_letters_come_after() -> None:
    server = serving(CALLING, HEARING)
    post(server, "called", "ann")
    own, letter = server.record
    assert isinstance(own.order, Event)
    assert isinstance(letter.order, Raise)
    assert [(turn.flow, turn.customer) for turn in own.turns] == [("calling", "ann"), ("hearing", "ann")]
    assert [(turn.flow, turn.customer) for turn in letter.turns] == [("hearing", "bob")]


def test_who_waits_is_served_before_somebody_starts() -> None:
    server = serving(HEARING)
    post(server, "rang", "ann")
    post(server, "rang", "ann")
    assert turns(server) == [("ann", "hearing", 1), ("ann", "hearing", 2), ("ann", "hearing", 1)]


def test_event_about_nobody_reaches_each_who_waits_in_a_letter_of_its_own() -> None:
    server = serving(LISTENING)
    for customer in ("ann", "bob"):
        start(server, "listening", customer)
    post(server, "rang", None)
    letters = [taken for taken in server.record if isinstance(taken.order, Deliver)]
    assert [[turn.customer for turn in taken.turns] for taken in letters] == [["ann"], ["bob"]]
    assert {row.status for row in server.instances.values()} == {"completed"}


def test_timers_ring_each_at_its_time_and_of_one_instant_the_older_instance_first() -> None:
    server = serving(TICKING)
    start(server, "ticking", "bob")
    start(server, "ticking", "ann")
    server.pass_time(AT + 2 * MINUTE)
    rung = [(taken.at - AT, turn.customer) for taken in server.record[2:] for turn in taken.turns]
    assert rung == [(MINUTE, "bob"), (MINUTE, "ann"), (2 * MINUTE, "bob"), (2 * MINUTE, "ann")]


def test_nothing_that_is_due_later_happens() -> None:
    server = serving(TICKING)
    start(server, "ticking", "ann")
    server.pass_time(AT + MINUTE - 1)
    assert len(server.record) == 1
    assert server.next_due() == AT + MINUTE
    assert server.now == AT + MINUTE - 1

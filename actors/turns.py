"""Turns of live instances: mail in, the turn function, its state and effects into the open group.

Everything here is a plain function call on the loop; nothing awaits. One input is taken with all turns that
it causes for its own customer; who else it concerns, or is not in memory, gets a letter in the same commit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import msgspec

from rules.customers.profile import Profile
from rules.decide import decide, faulted
from rules.effects import Turn
from rules.ids import make_id
from rules.inputs import Event, EventArrived, Input, Started, TimeCame
from rules.instance import State
from rules.world import World

from .actor import Actor, Mail
from .definitions import Version
from .groups import OpenGroup
from .holdings import Memory, Surroundings
from .ledgers import ledger_keys
from .letters import Deliver, Letter, Spread, encode_letter
from .limits import OWN_TURNS_MAX, SPREAD_IDS_MAX, TIME_TURNS_MAX
from .obeying import Obeying
from .profiles import Moved, Profiles
from .records import InboxRow, TimelineRow
from .router import ids
from .telemetry import Faulted

_encode = msgspec.msgpack.Encoder().encode

UNSTORABLE = "The turn could not be stored."

Route: TypeAlias = Callable[[Event | Moved], None]


class Turns:
    """Holds what turns work on. `begin` opens an input; `finish` takes its turns to the end."""

    def __init__(
        self,
        around: Surroundings,
        memory: Memory,
        *,
        seed: str,
        last_inbox_number: int,
        last_outbox_number: int,
    ) -> None:
        self._router = memory.router
        self._customers = memory.customers
        self._ledgers = memory.ledgers
        self._definitions = memory.definitions
        self._warmth = memory.warmth
        self._sets = memory.sets
        self._telemetry = around.telemetry
        self._chronicle = around.chronicle
        self._worlds = {0: replace(around.world, open_cards=0)}
        self._seed = seed
        self._id_count = 0
        self._inbox_number = last_inbox_number
        self._outbox_number = last_outbox_number
        self._ready: deque[Actor] = deque()
        self._turns_left = 0
        self._watched_event: Event | None = None
        self.group = OpenGroup(1)
        self.now = 0
        self.customer: str | None = None
        self.woken = 0
        self.deferred = 0
        self.collected: set[str] = set()
        """Flows of which a collect step took the event that is concerned about at present."""
        self.obeying = Obeying(memory, self)
        self.profiles = Profiles(memory, self, world=around.world)

    # ── one input ──────────────────────────────────────────────────────────────────────────────────────
    def begin(self, customer: str | None, *, now: int) -> None:
        """An input of this customer is taken; only the customer's own instances have turns in its commit."""
        assert not self._ready, "the input before was not finished"
        self.now = now
        self.customer = customer
        self._turns_left = OWN_TURNS_MAX
        self.deferred = 0
        self.woken = 0

    def watch(self, event: Event) -> None:
        """Count in `woken` whom this event wakes."""
        self._watched_event = event

    def finish(self, route: Route) -> None:
        """All turns that are caused by turns; `route` takes each piece of news of this customer."""
        while True:
            self.run_ready()
            if not self.obeying.raised:
                break
            route(self.obeying.raised.popleft())
        self._watched_event = None
        self.group.tally.deferred += self.deferred

    def run_ready(self) -> None:
        """The turns of everyone who has mail."""
        while self._ready:
            actor = self._ready.popleft()
            mail, actor.mail = actor.mail, None
            for item in mail or ():
                if actor.id in self._router.actors:  # an earlier turn may have been its last
                    self.turn(actor, item.input, depth=item.depth)

    def new_id(self, now: int | None = None) -> str:
        """Unlike any other; `now` is the time of the input."""
        self._id_count += 1
        return make_id(self.now if now is None else now, self._seed, self._id_count)

    def next_outbox_number(self) -> int:
        self._outbox_number += 1
        return self._outbox_number

    # ── mail ───────────────────────────────────────────────────────────────────────────────────────────
    def deliver(self, actor: Actor, input: Input, depth: int) -> None:
        """To an instance of this customer: a turn in this commit, if there is room and it is in memory."""
        if self._turns_left <= 0 or not self.can_turn(actor):
            self.defer(actor.id, actor.customer, Deliver(actor.id, input, depth))
            return
        self._turns_left -= 1
        if actor.mail is None:
            actor.mail = []
            self._ready.append(actor)
        actor.mail.append(Mail(input, depth))

    def spread(self, actors: Sequence[Actor], event: Event) -> None:
        """To instances of others: a letter each, or one for many who then get theirs."""
        if len(actors) <= SPREAD_IDS_MAX:
            arrived = EventArrived(event=event)
            for actor in actors:
                self.defer(actor.id, actor.customer, Deliver(actor.id, arrived, event.depth))
            return
        for first in range(0, len(actors), SPREAD_IDS_MAX):
            some = ids(actors[first : first + SPREAD_IDS_MAX])
            self.defer("", "", Spread(some, event))
            self.deferred += len(some) - 1

    def defer(self, instance: str, customer: str, letter: Letter) -> None:
        self._inbox_number += 1
        self.group.rows.inbox_added.append(
            InboxRow(
                number=self._inbox_number,
                instance=instance,
                customer=customer,
                at=self.now,
                input=encode_letter(letter),
            )
        )
        self.deferred += 1

    def can_turn(self, actor: Actor) -> bool:
        """Whether all that its turn looks at is in memory."""
        version = actor.version
        return not actor.is_cold and version.is_ready and self.has_needs(version, actor.customer)

    def has_needs(self, version: Version, customer: str) -> bool:
        """Whether what turns of this version look at besides the state is in memory."""
        has_profile = not version.needs_profile or self._customers.is_loaded(customer)
        return has_profile and self.has_ledger(version, customer)

    def has_ledger(self, version: Version, customer: str) -> bool:
        """Whether what the flow remembers of the customer is in memory, if a turn looks at it."""
        keys = ledger_keys(version, customer)
        return all(self._ledgers.is_loaded(key) for key in keys)

    # ── a turn ─────────────────────────────────────────────────────────────────────────────────────────
    def turn(self, actor: Actor, input: Input, *, depth: int = 0) -> Turn:
        """The instance's timers that are due, each its own turn, and then the input's turn."""
        state = self.catch_up(actor)
        return self._turn(actor, state, input, depth)

    def catch_up(self, actor: Actor) -> State:
        """Time before anything else: after an outage things still happen in their order."""
        state = actor.unpack()
        due = actor.due
        if due is None or due > max(self.now, state.now):
            return state
        for _ in range(TIME_TURNS_MAX):
            self.group.tally.timers_late_ms.append(self.now - due)
            state = self._turn(actor, state, TimeCame(), 0).state
            due = actor.due
            if due is None or due > max(self.now, state.now):
                break
        return state

    def _turn(self, actor: Actor, state: State, input: Input, depth: int) -> Turn:
        turn = self._decide(actor, state, input)
        self._store(actor, state, input, turn)
        if turn.effects:
            self.obeying.obey(actor, state, turn.effects, depth)
        if turn.woke and type(input) is EventArrived and input.event is self._watched_event:
            self.woken += 1
        if turn.collected:
            self.collected.add(actor.version.flow_key)
        return turn

    def move(self, actor: Actor, version: Version, input: Input, turn: Turn, before: State) -> None:
        """The turn in which the actor comes to be of this version."""
        actor.version = version
        self._store(actor, before, input, turn)
        self.obeying.obey(actor, before, turn.effects, 0)

    def fail(self, actor: Actor, input: Input) -> None:
        """A turn that is not even tried: the input is consumed, the instance fails."""
        state = actor.unpack()
        self._store(actor, state, input, faulted(state, input, now=self.now, message=UNSTORABLE))

    def _decide(self, actor: Actor, state: State, input: Input) -> Turn:
        version = actor.version
        try:
            if version.flow is None:
                raise LookupError(version.broken or "the flow is not compiled")
            return decide(
                version.flow,
                state,
                input,
                customer=self.profile(version, actor.customer),
                now=self.now,
                seed=f"{actor.id}:{state.turn}",
                world=self.world_of(version, actor.customer, test=state.test),
            )
        except Exception as error:  # noqa: BLE001 – an actor's loop: a fault fails the instance, not the server
            self.group.tally.faults += 1
            self._telemetry.emit(
                Faulted(instance=actor.id, flow=version.flow_key, version=version.number, error=error)
            )
            message = f"The server failed: {type(error).__name__}."
            return faulted(state, input, now=self.now, message=message)

    def profile(self, version: Version, customer: str) -> Profile | None:
        """What a turn of this version is given of the customer."""
        return self._customers.get(customer) if version.needs_profile else None

    def world_of(self, version: Version, customer: str, *, test: bool) -> World:
        world = self._world_of(customer)
        if not version.needs_ledger:
            return world
        return replace(world, ledger=self._ledgers.get((customer, version.flow_key, test)))

    def _world_of(self, customer: str) -> World:
        count = self._router.open_cards(customer)
        world = self._worlds.get(count)
        if world is None:  # at most one for each number of cards that a customer may have
            world = self._worlds[count] = replace(self._worlds[0], open_cards=count)
        return world

    def _store(self, actor: Actor, before: State | None, input: Input, turn: Turn) -> None:
        group, state = self.group, turn.state
        group.tally.turns += 1
        group.tally.condition_errors += turn.condition_errors
        actor.due = turn.due
        if state is before:
            return  # nothing happened: no row says it
        actor.state = state
        group.touch(actor)
        group.rows.timeline.append(
            TimelineRow(instance=actor.id, turn=state.turn, at=state.now, entry=self._chronicle(input, turn))
        )
        if turn.subscriptions is not None and turn.subscriptions != actor.subscriptions.value:
            self._router.subscribe(actor, self._sets.of(turn.subscriptions))
        if state.cards or actor.open_cards:
            self._router.count_cards(actor, open_count(state))
        if state.is_over:
            self._router.remove(actor)

    def store_birth(self, actor: Actor, started: Started, turn: Turn) -> None:
        """The first turn of an instance that was not there before."""
        actor.state = turn.state
        self._store(actor, None, started, turn)
        self.obeying.obey(actor, None, turn.effects, started.depth)


def open_count(state: State) -> int:
    return sum(card.open for card in state.cards)

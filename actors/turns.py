"""Turns of live instances: mail in, the turn function, its state and effects into the open group.

Everything here is a plain function call on the loop; nothing awaits. One input is taken with all turns that
it causes for its own customer; who else it concerns, or is not in memory, gets a letter in the same commit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, assert_never

import msgspec

from rules.customers.profile import Profile, change, new_profile
from rules.decide import decide, faulted, start
from rules.effects import ChangeCustomer, Effect, PutCard, RaiseEvent, Refusal, Turn
from rules.ids import make_id
from rules.inputs import CustomerChanged, Event, EventArrived, Input, Started, TimeCame
from rules.instance import State
from rules.model import Flow, Origin
from rules.world import Identity, World

from .actor import Actor, Mail
from .definitions import Version
from .groups import RUNNING, OpenGroup
from .holdings import Memory, Surroundings
from .limits import CAUSES_MAX, OWN_TURNS_MAX, SPREAD_IDS_MAX, TIME_TURNS_MAX
from .records import CardRow, InboxRow, TimelineRow
from .router import ids
from .telemetry import Faulted
from .work import Deliver, Letter, Raise, Spread, encode_letter

_encode = msgspec.msgpack.Encoder().encode

UNSTORABLE = "The turn could not be stored."

Route: TypeAlias = Callable[[Event], None]


class Turns:
    """Holds what turns work on. `begin` opens an input; `finish` takes its turns to the end."""

    def __init__(self, around: Surroundings, memory: Memory, *, seed: str, last_inbox_number: int) -> None:
        self._router = memory.router
        self._customers = memory.customers
        self._definitions = memory.definitions
        self._warmth = memory.warmth
        self._sets = memory.sets
        self._telemetry = around.telemetry
        self._chronicle = around.chronicle
        self._worlds = {0: replace(around.world, open_cards=0)}
        self._seed = seed
        self._id_count = 0
        self._inbox_number = last_inbox_number
        self._ready: deque[Actor] = deque()
        self._raised: deque[RaiseEvent] = deque()
        self._turns_left = 0
        self._watched_event: Event | None = None
        self.group = OpenGroup(1)
        self.now = 0
        self.customer: str | None = None
        self.woken = 0
        self.deferred = 0

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
        """All turns that are caused by turns; `route` takes each event of this customer that they raise."""
        while True:
            self.run_ready()
            if not self._raised:
                break
            route(self._raised.popleft().event)
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
        if actor.is_cold or not version.is_ready:
            return False
        return not version.needs_profile or self._customers.is_loaded(actor.customer)

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
            self._obey(actor, state, turn.effects, depth)
        if turn.woke and type(input) is EventArrived and input.event is self._watched_event:
            self.woken += 1
        return turn

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
                customer=self._profile(version, actor.customer),
                now=self.now,
                seed=f"{actor.id}:{state.turn}",
                world=self._world_of(actor.customer),
            )
        except Exception as error:  # noqa: BLE001 – an actor's loop: a fault fails the instance, not the server
            self.group.tally.faults += 1
            self._telemetry.emit(
                Faulted(instance=actor.id, flow=version.flow_key, version=version.number, error=error)
            )
            message = f"The server failed: {type(error).__name__}."
            return faulted(state, input, now=self.now, message=message)

    def _profile(self, version: Version, customer: str) -> Profile | None:
        return self._customers.profile(customer) if version.needs_profile else None

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
        if state.status not in RUNNING and not actor.open_cards:
            self._router.remove(actor)

    # ── a start ────────────────────────────────────────────────────────────────────────────────────────
    def can_start(self, version: Version, customer: str) -> bool:
        """Whether what a start looks at is in memory; `prefetch.py` sees to it for those it can foresee."""
        if self._customers.is_loaded(customer):
            return True
        return not version.needs_profile and self._router.has_customer(customer)

    def ensure_customer(self, id: str, *, depth: int = 0) -> None:
        """A customer who is named for the first time is created; `depth` is that of what names them."""
        if self._router.has_customer(id) or not self._customers.is_loaded(id):
            return
        if self._customers.profile(id) is None:
            profile = self._customers.put(new_profile(id, self.now), group=self.group.number)
            self.group.write(profile)
            self.raise_own("customer.created", customer=id, depth=depth + 1)

    def start(self, version: Version, flow: Flow, started: Started, identity: Identity) -> Actor | Refusal:
        """A new instance and its first turn; or why there is none."""
        self.ensure_customer(identity.customer, depth=started.depth)
        try:
            turn = start(
                flow,
                started,
                identity,
                customer=self._profile(version, identity.customer),
                now=self.now,
                seed=f"{identity.id}:0",
                world=self._world_of(identity.customer),
            )
        except Exception as error:  # noqa: BLE001 – as in `_decide`
            self.group.tally.faults += 1
            self._telemetry.emit(
                Faulted(instance=identity.id, flow=flow.key, version=flow.version, error=error)
            )
            return Refusal(code="internal", reason="The server failed in the instance's first turn.")
        if isinstance(turn, Refusal):
            return turn
        return self._born(version, started, identity, turn)

    def _born(self, version: Version, started: Started, identity: Identity, turn: Turn) -> Actor:
        actor = Actor(id=identity.id, customer=identity.customer, key=turn.state.key, version=version)
        actor.new = True
        actor.state = turn.state
        self._router.add(actor)
        self._warmth.add(actor)
        self._store(actor, None, started, turn)
        self.group.tally.started += 1
        self._obey(actor, None, turn.effects, started.depth)
        return actor

    # ── effects ────────────────────────────────────────────────────────────────────────────────────────
    def _obey(self, actor: Actor, before: State | None, effects: Sequence[Effect], depth: int) -> None:
        known: set[str] | None = None
        for effect in effects:
            match effect:
                case PutCard():
                    if known is None:
                        known = {card.id for card in before.cards} if before is not None else set()
                    self._put_card(actor, effect, is_new=effect.card.id not in known)
                    known.add(effect.card.id)
                case RaiseEvent():
                    self._raise(effect)
                case ChangeCustomer():
                    self._change_customer(actor, effect, depth + 1)
                case _:
                    assert_never(effect)

    def _put_card(self, actor: Actor, effect: PutCard, *, is_new: bool) -> None:
        state = actor.state
        assert state is not None, "its turn was just stored"
        self.group.rows.cards.append(
            CardRow(
                card=effect.card,
                customer=actor.customer,
                instance=actor.id,
                flow=state.flow,
                version=state.version,
                test=state.test,
                view=None if effect.view is None else _encode(effect.view),
                new=is_new,
            )
        )

    def _raise(self, effect: RaiseEvent) -> None:
        event = effect.event
        if effect.own and not self._is_subscribed(event):
            return
        if event.customer is not None and event.customer == self.customer:
            self._raised.append(effect)
        else:
            self.defer("", event.customer or "", Raise(event))

    def raise_own(
        self,
        name: str,
        *,
        customer: str | None,
        data: dict[str, object] | None = None,
        depth: int = 1,
        test: bool = False,
    ) -> None:
        """One of the server's own events that no turn raises; it is made only if somebody would take it.

        `test`: a test instance is the cause, so that only tests hear it (flow format §9.10).
        """
        if not (self._definitions.triggers(name) or self._router.has_ears(name, customer)):
            return
        event = Event(
            id=self.new_id(),
            name=name,
            time=self.now,
            customer=customer,
            data=(data or {}) | ({"test": True} if test else {}),
            origin=Origin.FLOW,
            source="flowdeck",
            depth=depth,
            test=test,
        )
        self._raise(RaiseEvent(event=event, own=True))

    def _is_subscribed(self, event: Event) -> bool:
        router = self._router
        return bool(
            self._definitions.triggers(event.name) or router.waiting(event) or router.waiting_elsewhere(event)
        )

    def _change_customer(self, actor: Actor, effect: ChangeCustomer, depth: int) -> None:
        before = self._customers.profile(actor.customer) or new_profile(actor.customer, self.now)
        assert actor.state is not None, "its turn was just stored"
        self.write_profile(
            change(before, effect, self.now), before=before, depth=depth, test=actor.state.test
        )

    def write_profile(
        self, profile: Profile, *, before: Profile | None, depth: int, test: bool = False
    ) -> None:
        """The customer's instances that look at the profile look again, after the turn that wrote it.

        All of them, also when a test wrote it: a profile is what is so; only its event is news of a test.
        """
        if profile == before:
            return
        self._customers.put(profile, group=self.group.number)
        self.group.write(profile)
        name = "customer.created" if before is None else "customer.updated"
        self.raise_own(name, customer=profile.id, depth=max(depth, 1), test=test)
        if depth > CAUSES_MAX:
            self.group.tally.too_deep += 1
            return
        for actor in self._router.watching(profile.id):
            self.deliver(actor, CustomerChanged(depth=depth), depth)


def open_count(state: State) -> int:
    return sum(card.open for card in state.cards)

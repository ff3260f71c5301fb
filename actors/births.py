"""An instance comes into being: whether it may, whom it replaces, and its first turn (flow format §4).

Whoever asks for it – an event, a call, another flow, a job – comes here with a flow that takes starts.
"""

from __future__ import annotations

from dataclasses import replace

from rules.customers.profile import new_profile
from rules.decide import enter, start
from rules.effects import Refusal, WriteLedger
from rules.entry import Admitted, Living
from rules.inputs import Cancelled, Started
from rules.model import Flow
from rules.world import Identity, World

from .actor import Actor
from .definitions import Version
from .holdings import Memory, Surroundings
from .router import living
from .telemetry import Faulted
from .turns import Turns

REPLACED = "replaced"


class Births:
    def __init__(self, around: Surroundings, memory: Memory, turns: Turns) -> None:
        self._router = memory.router
        self._customers = memory.customers
        self._warmth = memory.warmth
        self._telemetry = around.telemetry
        self._turns = turns

    def can_start(self, version: Version, customer: str) -> bool:
        """Whether what a start looks at is in memory; `prefetch.py` sees to it for those it can foresee."""
        if not self._turns.has_ledger(version, customer):
            return False
        if any(actor.is_cold for actor in living(self._router, version, customer)):
            return False
        if self._customers.is_loaded(customer):
            return True
        return not version.needs_profile and self._router.has_customer(customer)

    def ensure_customer(self, id: str, *, depth: int = 0) -> None:
        """A customer who is named for the first time is created; `depth` is that of what names them."""
        if self._router.has_customer(id) or not self._customers.is_loaded(id):
            return
        if self._customers.get(id) is None:
            self._turns.profiles.write(new_profile(id, self._turns.now), before=None, depth=depth + 1)

    def start(self, version: Version, flow: Flow, started: Started, identity: Identity) -> Actor | Refusal:
        """A new instance and its first turn; or why there is none, which is told as `instance.refused`."""
        self.ensure_customer(identity.customer, depth=started.depth)
        begun = self._begin(version, flow, started, identity)
        if isinstance(begun, Refusal):
            self._turns.group.tally.refused += 1
            self._turns.obeying.raise_own(
                "instance.refused",
                customer=identity.customer,
                data={"flow": flow.key, "version": flow.version, "reason": begun.code},
                depth=started.depth + 1,
                test=identity.test,
            )
        return begun

    # ── the start ──────────────────────────────────────────────────────────────────────────────────────
    def _begin(self, version: Version, flow: Flow, started: Started, identity: Identity) -> Actor | Refusal:
        customer, test = identity.customer, identity.test
        world = self._turns.world_of(version, customer, test=test)
        try:
            admitted = self._admit(version, flow, started, identity, world)
            if isinstance(admitted, Refusal):
                return admitted
            turn = start(
                flow,
                started,
                replace(identity, key=admitted.key),
                customer=self._turns.profile(version, customer),
                now=self._turns.now,
                seed=f"{identity.id}:0",
                world=world if admitted.ledger is None else replace(world, ledger=admitted.ledger),
            )
        except Exception as error:  # noqa: BLE001 – as in an actor's loop: a start fails, not the server
            self._turns.group.tally.faults += 1
            self._telemetry.emit(
                Faulted(instance=identity.id, flow=flow.key, version=flow.version, error=error)
            )
            return Refusal(code="internal", reason="The server failed in the instance's first turn.")
        if isinstance(turn, Refusal):
            return turn
        self._replace(admitted)
        actor = Actor(id=identity.id, customer=customer, key=turn.state.key, version=version)
        actor.new = True
        actor.state = turn.state
        self._router.add(actor)
        self._warmth.add(actor)
        if admitted.ledger is not None:
            self._turns.obeying.write_ledger(actor, WriteLedger(ledger=admitted.ledger))
        self._turns.store_birth(actor, started, turn)
        self._turns.group.tally.started += 1
        return actor

    def _admit(
        self, version: Version, flow: Flow, started: Started, identity: Identity, world: World
    ) -> Admitted | Refusal:
        alive = [
            Living(id=actor.id, key=actor.key)
            for actor in living(self._router, version, identity.customer)
            if (state := actor.unpack()).live and state.test == identity.test
        ]
        return enter(
            flow,
            started,
            identity,
            customer=self._turns.profile(version, identity.customer),
            living=alive,
            now=self._turns.now,
            world=world,
        )

    def _replace(self, admitted: Admitted) -> None:
        """Live instances that the new one takes the place of end in the same commit, before it begins."""
        for id in admitted.replaces:
            self._turns.turn(self._router.actors[id], Cancelled(reason=REPLACED))

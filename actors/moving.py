"""One instance moves to another version of its flow, or back: a turn like any other, or why there is none."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from rules.effects import Turn
from rules.inputs import Migrated
from rules.instance import State
from rules.migrating.moving import can_undo, migrate, undo
from rules.migrating.plan import Plan, Reason, Stuck

from .actor import Actor
from .definitions import Version
from .events import Events
from .holdings import Memory, Surroundings
from .records import JournalRow, UndoRow
from .telemetry import Faulted
from .turns import Turns
from .work import Migrate

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(State).decode

GONE = Stuck(reason=Reason.ENDED, message="The instance has ended.")
LEFT = Stuck(reason=Reason.BUSY, message="The instance is not in memory; it can be moved when it is.")


class Moving:
    def __init__(self, around: Surroundings, memory: Memory, turns: Turns, events: Events) -> None:
        self._events = events
        self._router = memory.router
        self._customers = memory.customers
        self._telemetry = around.telemetry
        self._turns = turns

    def take(self, order: Migrate) -> Stuck | None:
        """As an operator asks for it."""
        actor = self._router.actors.get(order.instance)
        if actor is None:
            return GONE
        what = {"instance": order.instance, "version": order.version.number, "plan": order.plan}
        self._turns.group.rows.journal.append(
            JournalRow(
                id=self._turns.new_id(),
                at=self._turns.now,
                kind="operator",
                source=order.by,
                customer=actor.customer,
                name="migrate",
                payload=_encode(what),
            )
        )
        stuck = self.migrate(order.instance, order.version, order.plan, job=None)
        self._turns.finish(self._events.route)
        return stuck

    def migrate(self, instance: str, version: Version, plan: Plan, *, job: str | None) -> Stuck | None:
        """None: it is of that version now. A job keeps what it was, for as long as that may be undone."""
        actor = self._find(instance, version)
        if isinstance(actor, Stuck):
            return actor
        if actor.version is version:
            return None
        state = self._turns.catch_up(actor)
        turn = self._tried(actor, lambda: self._migrated(actor, state, version, plan))
        if isinstance(turn, Stuck):
            return turn
        if job is not None and can_undo(turn):
            row = UndoRow(
                job=job,
                instance=instance,
                turn=turn.state.turn,
                at=self._turns.now,
                state=_encode(state),
            )
            self._turns.group.rows.undos.append(row)
        self._turns.move(actor, version, Migrated(before=state.version, version=version.number), turn, state)
        return None

    def undo(self, row: UndoRow, version: Version) -> Stuck | None:
        """None: it is again what the row says, of that version."""
        actor = self._find(row.instance, version)
        if isinstance(actor, Stuck):
            return actor
        state = self._turns.catch_up(actor)
        turn = self._tried(actor, lambda: self._undone(state, row, version))
        if isinstance(turn, Stuck):
            return turn
        input = Migrated(before=state.version, version=version.number, undone=True)
        self._turns.move(actor, version, input, turn, state)
        return None

    def _find(self, instance: str, version: Version) -> Actor | Stuck:
        """The instance, with all that a turn of that version looks at in memory."""
        actor = self._router.actors.get(instance)
        if actor is None:
            return GONE
        self._turns.begin(actor.customer, now=self._turns.now)
        if version.flow is None:
            message = f"Version {version.number} cannot run: {version.broken or 'it is not compiled'}."
            return Stuck(reason=Reason.BROKEN, message=message)
        can_turn = self._turns.can_turn(actor) and self._turns.has_needs(version, actor.customer)
        return actor if can_turn else LEFT

    def _migrated(self, actor: Actor, state: State, version: Version, plan: Plan) -> Turn | Stuck:
        old, new = actor.version, version
        if old.flow is None or new.flow is None:
            return Stuck(reason=Reason.BROKEN, message=f"Version {old.number} cannot be read: {old.broken}.")
        return migrate(
            old.flow,
            new.flow,
            state,
            plan,
            customer=self._turns.profile(new, actor.customer),
            now=self._turns.now,
            seed=f"{actor.id}:{state.turn}",
            world=self._turns.world_of(new, actor.customer, test=state.test),
        )

    def _undone(self, state: State, row: UndoRow, version: Version) -> Turn | Stuck:
        assert version.flow is not None, "it was looked for"
        seed = f"{state.id}:{state.turn}"
        before = _decode(row.state)
        return undo(version.flow, state, before, turn=row.turn, now=self._turns.now, seed=seed)

    def _tried(self, actor: Actor, decide: Callable[[], Turn | Stuck]) -> Turn | Stuck:
        try:
            return decide()
        except Exception as error:  # noqa: BLE001 – as in an actor's loop, but the instance need not fail: it stays
            self._turns.group.tally.faults += 1
            version = actor.version
            self._telemetry.emit(
                Faulted(instance=actor.id, flow=version.flow_key, version=version.number, error=error)
            )
            return Stuck(reason=Reason.FAULT, message=f"The server failed: {type(error).__name__}.")

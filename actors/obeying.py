"""Carries out what turns have ordered: rows of the open group, mail and letters for others, events to route.

Nothing here acts on the world: what leaves the process is a row of the outbox, in the turn's own commit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

import msgspec
from msgspec.structs import replace

from rules.customers.profile import change, new_profile
from rules.effects import (
    CallRequest,
    CancelChild,
    ChangeCustomer,
    DropCalls,
    Effect,
    PutCard,
    RaiseEvent,
    Redeliver,
    SendPush,
    StartChild,
    TellParent,
    WriteLedger,
)
from rules.inputs import Cancelled, ChildReported, Event, Input
from rules.instance import Parent, State
from rules.model import Origin

from .actor import Actor
from .holdings import Memory
from .job_specs import OPEN
from .letters import Begin, Deliver, Raise
from .outbox import PUSH, REQUEST, Call, encode_call
from .profiles import Moved
from .records import CardRow, JobRow, OutboxRow

if TYPE_CHECKING:
    from .turns import Turns

_encode = msgspec.msgpack.Encoder().encode
_decode_input = msgspec.msgpack.Decoder(Input).decode

REPLACED_BY_PARENT = "parent"
"""Why a child is cancelled that its parent does not wait for any more."""


class Obeying:
    """`raised` is the news about the input's own customer, still to be routed."""

    def __init__(self, memory: Memory, turns: Turns) -> None:
        self._router = memory.router
        self._customers = memory.customers
        self._ledgers = memory.ledgers
        self._jobs = memory.jobs
        self._definitions = memory.definitions
        self._turns = turns
        self.raised: deque[Event | Moved] = deque()

    def obey(self, actor: Actor, before: State | None, effects: Sequence[Effect], depth: int) -> None:
        """`before` is the state that the turn came from; None for an instance that is new."""
        known: set[str] | None = None
        for effect in effects:
            if isinstance(effect, PutCard):
                if known is None:
                    known = {card.id for card in before.cards} if before is not None else set()
                self._put_card(actor, effect, is_new=effect.card.id not in known)
                known.add(effect.card.id)
            else:
                self._obey(actor, effect, depth)

    def _obey(  # noqa: C901, PLR0912 – one arm for each kind of effect
        self, actor: Actor, effect: Effect, depth: int
    ) -> None:
        match effect:
            case PutCard():
                raise AssertionError("cards know the state from before the turn")
            case RaiseEvent():
                self._raise(effect)
            case ChangeCustomer():
                self._change_customer(actor, effect, depth + 1)
            case CallRequest():
                self._call(actor, REQUEST, effect.key, effect)
            case SendPush():
                self._call(actor, PUSH, effect.push, effect)
            case DropCalls():
                self._turns.group.rows.outbox_dropped.append(actor.id)
            case StartChild():
                parent = Parent(actor.id, actor.customer, effect.step, effect.activation)
                self._turns.defer("", effect.customer, Begin(effect, parent))
            case TellParent():
                self._tell_parent(actor, effect)
            case CancelChild():
                self._send(effect.instance, effect.customer, Cancelled(reason=REPLACED_BY_PARENT), depth)
            case WriteLedger():
                self.write_ledger(actor, effect)
            case Redeliver():
                for packed in effect.inputs:
                    self._turns.deliver(actor, _decode_input(packed), depth)
            case _:
                assert_never(effect)

    # ── what leaves the process, or concerns others ────────────────────────────────────────────────────
    def _call(self, actor: Actor, kind: str, key: str, effect: CallRequest | SendPush) -> None:
        call = Call(instance=actor.id, customer=actor.customer, effect=effect)
        self._turns.group.rows.outbox_added.append(
            OutboxRow(
                number=self._turns.next_outbox_number(),
                instance=actor.id,
                customer=actor.customer,
                at=self._turns.now,
                kind=kind,
                key=key,
                payload=encode_call(call),
            )
        )

    def _tell_parent(self, actor: Actor, effect: TellParent) -> None:
        self.report(effect.parent, actor.id, effect.status, outcome=effect.outcome)

    def report(
        self, parent: Parent, child: str, status: str, *, outcome: str | None = None, reason: str = ""
    ) -> None:
        """Tell who started it what became of an instance."""
        reported = ChildReported(
            instance=child,
            step=parent.step,
            activation=parent.activation,
            status=status,
            outcome=outcome,
            reason=reason,
        )
        self._send(parent.instance, parent.customer, reported, 0)

    def _send(self, instance: str, customer: str, input: Input, depth: int) -> None:
        actor = self._router.actors.get(instance)
        if actor is not None and actor.customer == self._turns.customer:
            self._turns.deliver(actor, input, depth)
        else:
            self._turns.defer(instance, customer, Deliver(instance, input, depth))

    def write_ledger(self, actor: Actor, effect: WriteLedger) -> None:
        assert actor.state is not None, "its turn was just stored"
        key = (actor.customer, actor.version.flow_key, actor.state.test)
        self._ledgers.put(key, effect.ledger, group=self._turns.group.number)
        self._turns.group.ledgers[key] = effect.ledger

    def put_job(self, row: JobRow) -> JobRow:
        """A job is new, with its spec, or has moved: then without, unless the same commit makes it."""
        jobs = self._turns.group.rows.jobs
        made = jobs.get(row.id)
        jobs[row.id] = row if made is None or row.spec else replace(row, spec=made.spec)
        self._jobs.keep(row)
        return row

    def move_job(self, row: JobRow, *, state: str, total: int | None, **fields: object) -> JobRow:
        """The open job after a change; `total` None keeps what it has."""
        now = self._turns.now
        return self.put_job(
            replace(
                row,
                state=state,
                total=row.total if total is None else total,
                updated_at=now,
                ended_at=None if state in OPEN else now,
                **fields,
            )
        )

    # ── cards ──────────────────────────────────────────────────────────────────────────────────────────
    def _put_card(self, actor: Actor, effect: PutCard, *, is_new: bool) -> None:
        state = actor.state
        assert state is not None, "its turn was just stored"
        self._turns.group.rows.cards.append(
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

    # ── events ─────────────────────────────────────────────────────────────────────────────────────────
    def _raise(self, effect: RaiseEvent) -> None:
        event = effect.event
        if effect.own and not self._is_subscribed(event):
            return
        if event.customer is not None and event.customer == self._turns.customer:
            self.raised.append(event)
        else:
            self._turns.defer("", event.customer or "", Raise(event))

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
        if not (self._definitions.hears(name) or self._router.has_ears(name, customer)):
            return
        event = Event(
            id=self._turns.new_id(),
            name=name,
            time=self._turns.now,
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
            self._definitions.hears(event.name) or router.waiting(event) or router.waiting_elsewhere(event)
        )

    # ── profiles ───────────────────────────────────────────────────────────────────────────────────────
    def _change_customer(self, actor: Actor, effect: ChangeCustomer, depth: int) -> None:
        before = self._customers.get(actor.customer) or new_profile(actor.customer, self._turns.now)
        assert actor.state is not None, "its turn was just stored"
        changed = change(before, effect, self._turns.now)
        self._turns.profiles.write(changed, before=before, depth=depth, test=actor.state.test)

"""Addresses of webhook triggers, and the requests that come there (flow format §3, `webhook`).

An address belongs to (flow, trigger), across versions. It is made when such a trigger is published, or when
its author first asks for it. Who sends is verified by the edge; here a request is known by its id, and pulls.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from rules.causes import OfRequest
from rules.model import Flow, WebhookTrigger
from rules.triggers import webhook_id, webhook_target
from rules.world import TriggerFailed, World

from .commands import ChangeHook, FlowRefusal, HookCall, HookResult, Refused
from .dedupe import day_of
from .events import Events
from .holdings import Memory
from .pulling import Pulling
from .records import DedupeRow, HookRow, JournalRow
from .turns import Turns
from .work import Work

TOKEN_BYTES: Final = 24
"""192 bits: nobody finds an address by trying."""

_encode = msgspec.msgpack.Encoder().encode


class Hooks:
    def __init__(self, memory: Memory, turns: Turns, pulling: Pulling, events: Events) -> None:
        self._book = memory.hooks
        self._dedupe = memory.dedupe
        self._customers = memory.customers
        self._definitions = memory.definitions
        self._turns = turns
        self._pulling = pulling
        self._events = events

    # ── requests ───────────────────────────────────────────────────────────────────────────────────────
    def take(self, work: Work, call: HookCall) -> HookResult | Refused:
        """Once for each id; a repeat changes nothing."""
        if work.key is not None:
            seen = self._dedupe.find(work.key) or work.seen
            if seen is not None:
                return HookResult(status="duplicate" if seen.digest == work.digest else "conflict")
        armed = self._definitions.armed(call.flow, call.trigger)
        if armed is None:
            return Refused(code="not_found", reason="There is no such address.")
        if call.test and not self._is_test(call.customer):
            return Refused(code="invalid", reason="In test mode a request may only name test customers.")
        if work.key is not None:
            row = DedupeRow(day_of(self._turns.now), work.key, work.digest)
            self._dedupe.take(row)
            self._turns.group.rows.dedupe.append(row)
        self._record(call)
        self._turns.customer = call.customer
        begun = self._pulling.pull(armed, call.request, call.customer, test=call.test)
        self._turns.finish(self._events.route)
        if isinstance(begun, FlowRefusal):
            return HookResult(status="accepted", refused=(begun,))
        return HookResult(status="accepted", started=() if begun is None else (begun.id,))

    def sampled(self, token: str, sample: bytes) -> HookRow | None:
        """The request that an author asked to see; only the next one is kept."""
        row = self._book.find(token)
        if row is None or row.sampling_until is None or row.sampling_until < self._turns.now:
            return row
        return self._put(replace(row, sample=sample, sampled_at=self._turns.now, sampling_until=None))

    def _is_test(self, customer: str) -> bool:
        profile = self._customers.get(customer) if self._customers.is_loaded(customer) else None
        return profile is not None and profile.test

    def _record(self, call: HookCall) -> None:
        self._turns.group.rows.journal.append(
            JournalRow(
                id=call.request.id or self._turns.new_id(),
                at=self._turns.now,
                kind="webhook",
                source=f"hook:{call.flow}/{call.trigger}",
                customer=call.customer,
                name=call.flow,
                payload=_encode(call),
            )
        )

    # ── addresses ──────────────────────────────────────────────────────────────────────────────────────
    def change(self, write: ChangeHook) -> HookRow | Refused:
        now = self._turns.now
        row = self._book.of(write.flow, write.trigger) or self._new(write.flow, write.trigger)
        match write.action:
            case "show":
                return self._put(row)
            case "pause" | "resume":
                return self._put(replace(row, paused=write.action == "pause"))
            case "rotate":
                self._turns.group.rows.hooks.pop(row.token, None)
                self._turns.group.rows.hooks_dropped.append(row.token)
                return self._put(replace(row, token=secrets.token_urlsafe(TOKEN_BYTES)))
            case "sample":
                return self._put(replace(row, sampling_until=now + write.sampling_ms))

    def ensure(self, flow: Flow) -> None:
        """A flow was published: each of its webhook triggers has an address."""
        for trigger in flow.triggers:
            if isinstance(trigger, WebhookTrigger) and self._book.of(flow.key, trigger.name) is None:
                self._put(self._new(flow.key, trigger.name))

    def _new(self, flow: str, trigger: str) -> HookRow:
        return HookRow(
            token=secrets.token_urlsafe(TOKEN_BYTES),
            flow=flow,
            trigger=trigger,
            paused=False,
            created_at=self._turns.now,
            sampling_until=None,
            sample=None,
            sampled_at=None,
        )

    def _put(self, row: HookRow) -> HookRow:
        self._book.keep(row)
        self._turns.group.rows.hooks[row.token] = row
        return row


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A trigger's mapping fails in a request: `what` is the customer or the id."""

    what: str
    failed: TriggerFailed


def read_call(
    flow: str, trigger: WebhookTrigger, request: OfRequest, *, world: World
) -> HookCall | Unreadable | None:
    """The request as the trigger's mappings read it, under the id that they find; None: it names nobody."""
    customer = webhook_target(trigger, request, now=request.at, world=world)
    if customer is None:
        return None
    if isinstance(customer, TriggerFailed):
        return Unreadable("customer", customer)
    id = webhook_id(trigger, request, now=request.at, world=world)
    if isinstance(id, TriggerFailed):
        return Unreadable("id", id)
    return HookCall(
        flow=flow,
        trigger=trigger.name,
        customer=customer,
        request=replace(request, id=id or ""),
        test=not trigger.is_live,
    )

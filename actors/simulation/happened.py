"""What happened, as expectations look at it: events, requests, pushes, starts that were refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from rules.calendar.times import rfc3339
from rules.effects import CallRequest, RaiseEvent, SendPush
from rules.inputs import Event
from rules.model import Origin

from ..commands import EventResult, HookCall, HookResult, Refused, StartResult
from ..work import Start
from .record import Taken, TurnTaken

_Call = TypeVar("_Call", CallRequest, SendPush)


def raised(taken: Taken) -> Iterator[Event]:
    """What flows raised, whoever listens, and what the server raised itself because somebody does."""
    known = set()
    for turn in taken.turns:
        for event in _raised_by(turn):
            known.add(event.id)
            yield event
    for event in taken.events:
        if event.origin is Origin.FLOW and event.source == "flowdeck" and event.id not in known:
            yield event


def calls_of(record: Sequence[Taken], kind: type[_Call]) -> Iterator[tuple[TurnTaken, _Call]]:
    for taken in record:
        for turn in taken.turns:
            for effect in turn.turn.effects:
                if isinstance(effect, kind):
                    yield turn, effect


def whose(flow: str, instance: str, customer: str) -> dict[str, object]:
    return {"flow": flow, "instance": instance, "customer": customer}


def shown_request(turn: TurnTaken, request: CallRequest) -> dict[str, object]:
    shown: dict[str, object] = msgspec.to_builtins(request)
    optional: dict[str, object] = {
        "json": None,
        "form": None,
        "body": None,
        "credential": None,
        "headers": {},
        "query": {},
    }
    return {**optional, **shown, **whose(turn.flow, turn.instance, turn.customer), "of": request.step}


def shown_push(
    owner: Mapping[str, object], step: str, id: str, status: str, content: Mapping[str, object]
) -> dict[str, object]:
    """Its texts beside the rest of what devices are sent."""
    return {**content, **owner, "of": step, "id": id, "status": status, "content": content}


def dropped_pushes(record: Sequence[Taken]) -> Iterator[dict[str, object]]:
    """Pushes that were never sent: of them the world hears only why."""
    sent = {effect.push for _, effect in calls_of(record, SendPush)}
    for taken in record:
        for turn in taken.turns:
            for event in _raised_by(turn):
                about = event.data
                if event.name == "notification.dropped" and about["notification"] not in sent:
                    owner = whose(turn.flow, turn.instance, turn.customer)
                    push = shown_push(owner, str(about["step"]), str(about["notification"]), "dropped", {})
                    yield {**push, "reason": about.get("reason")}


def _raised_by(turn: TurnTaken) -> Iterator[Event]:
    for effect in turn.turn.effects:
        if isinstance(effect, RaiseEvent):
            yield effect.event


def shown_event(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "name": event.name,
        "time": rfc3339(event.time),
        "customer": event.customer,
        "key": event.key,
        "data": event.data,
        "test": event.test,
    }


def refusals(taken: Taken) -> Iterator[dict[str, str]]:
    """Starts that the input asked for and did not get: flow, customer, reason (a code), detail."""
    order, answer = taken.order, taken.answer
    if isinstance(answer, EventResult | HookResult):
        customer = order.customer or "" if isinstance(order, Event | HookCall) else ""
        for each in answer.refused:
            yield {"flow": each.flow, "customer": customer, "reason": each.reason, "detail": each.detail}
    elif isinstance(order, Start):
        flow = order.request.flow
        if isinstance(answer, StartResult):
            for other in answer.refused:
                told = {"customer": other.customer, "reason": other.reason, "detail": other.detail}
                yield {"flow": flow, **told}
        elif isinstance(answer, Refused):
            customer = order.request.targets[0].customer
            yield {"flow": flow, "customer": customer, "reason": answer.code, "detail": answer.reason}

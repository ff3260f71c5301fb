"""The timeline: one entry a turn, of what came in, what ran and what it ordered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never

import msgspec

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
    StepTrace,
    TellParent,
    Turn,
    WriteLedger,
)
from rules.inputs import CardActed, EventArrived, Input, RequestDone, Started

from .limits import TIMELINE_ENTRY_BYTES_MAX


class CardPut(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="card"):
    card: str
    step: str
    status: str


class EventRaised(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="event"):
    id: str
    name: str


class CustomerWritten(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="customer"):
    fields: tuple[str, ...]
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


class RequestMade(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="request"):
    step: str
    attempt: int
    method: str
    url: str


class PushSent(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="push"):
    push: str
    step: str
    content: dict[str, object]


class ChildStarted(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="start"):
    instance: str
    flow: str
    customer: str


class Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="instance"):
    """Another instance hears of this one: `tells` its parent, or `cancels` a child."""

    instance: str
    does: str


class Remembered(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="ledger"):
    """What the flow remembers of the customer has changed."""


class Recalled(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="recall"):
    """Calls that have not left stay."""


class Redelivered(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", tag="redeliver"):
    inputs: int


Ordered: TypeAlias = (
    CardPut
    | EventRaised
    | CustomerWritten
    | RequestMade
    | PushSent
    | ChildStarted
    | Told
    | Remembered
    | Recalled
    | Redelivered
)


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `TimelineRow.entry` holds. `shortened`: values were left out, for they were too long."""

    input: Input
    steps: Sequence[StepTrace]
    effects: Sequence[Ordered]
    status: str
    shortened: bool = False


Chronicle: TypeAlias = Callable[[Input, Turn], bytes]
"""Gives what the timeline keeps of a turn; called once for each, in their order."""

_encode = msgspec.msgpack.Encoder().encode


def timeline_entry(input: Input, turn: Turn) -> bytes:
    """The turn's entry, packed; never much longer than `TIMELINE_ENTRY_BYTES_MAX`."""
    entry = TimelineEntry(
        input=input,
        steps=turn.trace,
        effects=[_ordered(effect) for effect in turn.effects],
        status=turn.state.status.value,
    )
    packed = _encode(entry)
    return packed if len(packed) <= TIMELINE_ENTRY_BYTES_MAX else _encode(_shortened(entry))


def _ordered(effect: Effect) -> Ordered:  # noqa: C901 – an arm a kind of effect
    match effect:
        case PutCard():
            card = effect.card
            return CardPut(card=card.id, step=card.step, status=card.status.value)
        case RaiseEvent():
            return EventRaised(id=effect.event.id, name=effect.event.name)
        case ChangeCustomer():
            return CustomerWritten(
                fields=tuple(effect.set), add_tags=effect.add_tags, remove_tags=effect.remove_tags
            )
        case CallRequest():
            return RequestMade(step=effect.step, attempt=effect.attempt, method=effect.method, url=effect.url)
        case SendPush():
            return PushSent(push=effect.push, step=effect.step, content=effect.content)
        case StartChild():
            return ChildStarted(instance=effect.instance, flow=effect.flow, customer=effect.customer)
        case TellParent():
            return Told(instance=effect.parent.instance, does="tells")
        case CancelChild():
            return Told(instance=effect.instance, does="cancels")
        case WriteLedger():
            return Remembered()
        case DropCalls():
            return Recalled()
        case Redeliver():
            return Redelivered(inputs=len(effect.inputs))
        case _:
            assert_never(effect)


def _shortened(entry: TimelineEntry) -> TimelineEntry:
    steps = [StepTrace(step=line.step, result=line.result) for line in entry.steps]
    return msgspec.structs.replace(entry, input=_without_values(entry.input), steps=steps, shortened=True)


def _without_values(input: Input) -> Input:
    """The input with its ids and names only; the journal has it whole."""
    match input:
        case EventArrived():
            return EventArrived(event=msgspec.structs.replace(input.event, data={}))
        case Started():
            event = None if input.event is None else msgspec.structs.replace(input.event, data={})
            return msgspec.structs.replace(input, event=event, variables={}, metadata={})
        case CardActed():
            return msgspec.structs.replace(input, values={}, message=None)
        case RequestDone(response=response) if response is not None:
            bare = msgspec.structs.replace(response, headers={}, body=None)
            return msgspec.structs.replace(input, response=bare)
        case _:
            return input

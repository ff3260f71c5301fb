"""The timeline: one entry a turn, of what came in, what ran and what it ordered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never

import msgspec

from rules.effects import ChangeCustomer, Effect, PutCard, RaiseEvent, StepTrace, Turn
from rules.inputs import CardActed, EventArrived, Input, Started

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


Ordered: TypeAlias = CardPut | EventRaised | CustomerWritten


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


def _ordered(effect: Effect) -> Ordered:
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
        case _:
            return input

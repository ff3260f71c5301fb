"""The timeline of a simulation for people: what came in, what ran, what was read, what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET

from actors.commands import (
    Action,
    ChangeSegment,
    CustomerWrite,
    EventResult,
    HookCall,
    HookResult,
    Refused,
    StartResult,
    TrackBatch,
)
from actors.job_specs import JudgeAll
from actors.letters import Begin, Deliver, Pull, Raise, StartOne
from actors.work import CallDone, Cancel, Chunk, Look, Occurrence, Repair, Start, TimerDue, Withdraw
from rules.calendar.zones import zoned
from rules.effects import (
    CallRequest,
    ChangeCustomer,
    PutCard,
    RaiseEvent,
    SendPush,
    StartChild,
    StepTrace,
)
from rules.inputs import Event, Input, PushReported, RequestDone, Response
from rules.json_values import as_json

if TYPE_CHECKING:
    from actors.simulation.record import Taken, TurnTaken
    from actors.simulation.server import SimulatedServer
    from rules.effects import Effect

VALUE_CHARS_MAX: Final = 100
"""Of a value in a line: what a terminal shows beside the rest."""
NAME_CHARS: Final = 14
"""The column of the steps' names: longer ones push what follows aside."""
INDENT: Final = "  "

Kind: TypeAlias = Literal["input", "instance", "step", "read", "effect", "trouble"]


@dataclass(frozen=True, slots=True)
class Line:
    """`kind` decides the colour, `depth` how far it is set in."""

    kind: Kind
    depth: int
    text: str

    def __str__(self) -> str:
        return INDENT * self.depth + self.text


def story(server: SimulatedServer, *, zone: str) -> Iterator[Line]:
    """Every input with its turns, in the order in which they were taken; times as clocks in `zone` show."""
    for taken in server.record:
        if _is_nothing(taken):
            continue
        yield Line("input", 0, f"{_time(taken.at, zone)}  {_input(taken, server)}")
        yield from _answered(taken)
        for turn in taken.turns:
            yield from _turn(turn)
        for fault in taken.faults:
            yield Line("trouble", 1, f"the server failed: {type(fault).__name__}: {fault}")


def _is_nothing(taken: Taken) -> bool:
    """A look that finds nothing: a timer that is told too early, a schedule that has not come, …"""
    match taken.order:
        case TimerDue() | Look():
            return not taken.turns
        case Chunk() as chunk:
            return not chunk.weight
        case Occurrence(late=late, missed=missed):
            return late is None and not missed
        case _:
            return False


def _time(at: int, zone: str) -> str:
    local = zoned(at, zone)
    text = local.format_iso(unit="millisecond")
    date, _, rest = text.partition("T")
    clock, offset = rest[:12], rest[12:].partition("[")[0]
    return f"{date} {clock.removesuffix('.000')} {offset}"


# ── what came in ───────────────────────────────────────────────────────────────────────────────────────


def _input(taken: Taken, server: SimulatedServer) -> str:  # noqa: C901, PLR0912 – an arm an order
    match taken.order:
        case Event() as event:
            return _event(event)
        case Raise(event=event):
            return f"{_event(event)}, raised by {event.source}"
        case Start(request=request):
            (target,) = request.targets
            kind = "test" if request.test else "start"
            return f"{kind} {request.flow}{_of(target.customer, target.key)}{_data(target.variables)}"
        case Action() as action:
            step = server.cards[action.card].card.step
            button = f" {action.button}" if action.button else ""
            return f"{action.action}{button} on {step}{_of(action.customer, None)}{_data(action.values)}"
        case TrackBatch(events=events, customer=customer):
            names = ", ".join(f"{each.name} on {server.cards[each.card].card.step}" for each in events)
            return f"{names}{_of(customer, None)}"
        case CustomerWrite(id=id, body=body):
            return f"profile of {id}{_data(body)}"
        case Withdraw(card=card):
            return f"an operator cancels the card of {server.cards[card].card.step}"
        case Cancel(instance=instance):
            return f"an operator cancels {server.instances[instance].flow}"
        case TimerDue():
            return "time"
        case Pull(flow=flow, trigger=trigger, target=target):
            return f"the trigger {trigger} of {flow} for {target}"
        case Deliver(instance=instance):
            return f"a letter for {_instance(instance, server)}"
        case Begin(child=child, parent=parent):
            return f"{_instance(parent.instance, server)} starts {child.flow}{_of(child.customer, None)}"
        case StartOne(flow=flow, target=target):
            return f"start {flow}{_of(target.customer, target.key)}{_data(target.variables)}"
        case CallDone(instance=instance, input=done):
            return _done(instance, done, server)
        case Repair(instance=instance, repaired=repaired):
            return f"an operator has {_instance(instance, server)} {repaired.action} what is parked"
        case Occurrence(trigger=scheduled):
            return f"the schedule {scheduled.name}"
        case HookCall(trigger=trigger, customer=customer, request=request):
            return f"a request to {trigger}{_of(customer, None)}{_data({'body': request.body})}"
        case ChangeSegment(id=id, rule=rule):
            return f"the segment {id}: {rule}"
        case Look(customer=customer):
            return f"time, for the segments of {customer}"
        case Chunk(spec=JudgeAll(segment=segment)) as chunk:
            return f"{chunk.weight} held against the segment {segment}"
        case Chunk() as chunk:
            return f"{chunk.weight} of an audience"
        case _:
            return "a letter"


def _instance(id: str, server: SimulatedServer) -> str:
    row = server.instances.get(id)
    return "an instance" if row is None else f"{row.flow}{_of(row.customer, row.key)}"


def _done(instance: str, done: Input, server: SimulatedServer) -> str:
    match done:
        case RequestDone(response=response, failure=failure) if response is None:
            return f"the request of {done.step} fails: {failure}"
        case RequestDone(response=Response(status=status, body=body)):
            return f"the request of {done.step} is answered: {status}{_data({'body': body} if body else {})}"
        case PushReported(step=step, status=status):
            return f"the push of {step}: {status}"
        case _:
            return f"something for {_instance(instance, server)}"


def _event(event: Event) -> str:
    origin = "" if event.origin.value == "backend" else f" ({event.origin.value})"
    return f"event {event.name}{origin}{_of(event.customer, event.key)}{_data(event.data)}"


def _of(customer: str | None, key: str | None) -> str:
    whose = f" of {customer}" if customer else ""
    return f"{whose}, key {key}" if key else whose


def _data(data: Mapping[str, object]) -> str:
    return f" {_value(data)}" if data else ""


def _value(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(as_json(value)).decode()
    return text if len(text) <= VALUE_CHARS_MAX else text[:VALUE_CHARS_MAX] + "…"


def _answered(taken: Taken) -> Iterator[Line]:
    """What is worth telling of the answer: that something was not done."""
    answer = taken.answer
    match answer:
        case EventResult(status=status, refused=refused) | HookResult(status=status, refused=refused):
            if status != "accepted":
                yield Line("trouble", 1, status)
            for each in refused:
                yield Line("trouble", 1, f"refused by {each.flow}: {each.reason}: {each.detail}")
        case StartResult(refused=not_started):
            for other in not_started:
                yield Line("trouble", 1, f"refused: {other.reason}: {other.detail}")
        case Refused(code=code, reason=reason, errors=errors):
            detail = "; ".join(each["message"] for each in errors) or reason
            yield Line("trouble", 1, f"refused: {code}: {detail}")
        case _:
            code = getattr(answer, "code", "ok")
            if code != "ok":
                yield Line("trouble", 1, f"answered {code}")
                for error in getattr(answer, "errors", ()):
                    yield Line("trouble", 2, f"{error['pointer']}: {error['message']}")


# ── a turn ─────────────────────────────────────────────────────────────────────────────────────────────


def _turn(turn: TurnTaken) -> Iterator[Line]:
    state = turn.turn.state
    key = f" {state.key}" if state.key else ""
    test = " (test)" if state.test else ""
    yield Line("instance", 1, f"{state.flow}{key} of {state.customer}{test}, turn {turn.row.turn}")
    for step in turn.turn.trace:
        yield from _step(step)
    for effect in turn.turn.effects:
        line = _effect(effect)
        if line is not None:
            yield Line("effect", 2, line)


def _step(line: StepTrace) -> Iterator[Line]:
    kind: Kind = "trouble" if line.error is not None else "step"
    yield Line(kind, 2, f"{line.step or '·':{NAME_CHARS}}  {line.result}")
    if line.error is not None:
        yield Line("trouble", 3, f"{line.error.get('code')}: {line.error.get('message')}")
    for name, value in line.read.items():
        yield Line("read", 3, f"{name} = {_value(value)}")


def _effect(effect: Effect) -> str | None:
    """What others notice of the turn; events that the server raises about it are left out."""
    match effect:
        case PutCard(card=card, view=view):
            title = "" if view is None else f" {_value(_title(view.view))!r}"
            return f"card of {card.step}: {card.status.value}{title}"
        case RaiseEvent(event=event, own=False):
            return f"raises {_event(event)}"
        case ChangeCustomer(set=fields, add_tags=added, remove_tags=removed):
            tags = [*(f"+{tag}" for tag in added), *(f"-{tag}" for tag in removed)]
            return f"writes the profile{_data(fields)}{' ' + ' '.join(tags) if tags else ''}"
        case CallRequest(method=method, url=url, json=json):
            return f"asks {method} {url}{'' if json is UNSET else ' ' + _value(json)}"
        case SendPush(content=content):
            return f"pushes {_value(str(content.get('title', '')))!r}"
        case StartChild(flow=flow, customer=customer, variables=variables):
            return f"starts {flow}{_of(customer, None)}{_data(variables)}"
        case _:
            return None


def _title(view: Mapping[str, object]) -> str:
    return str(view.get("title", ""))

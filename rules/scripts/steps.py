"""Compiles the steps of a script: when each comes, and the one thing that it does or expects."""

from __future__ import annotations

from typing import Final, assert_never

from msgspec import UNSET, UnsetType

from ..compiling.given import Given, given
from ..compiling.sources import Sources
from ..documents import script as written
from ..documents.problems import Pointer, child
from ..model import EventTrigger, Flow, ScheduleTrigger, SegmentTrigger, WebhookTrigger
from .expectations import Expecting
from .model import (
    Action,
    ActOnCard,
    CancelInstance,
    Expect,
    MoveCustomer,
    PostEvent,
    Repair,
    ReportPush,
    Respond,
    Start,
    StartByCall,
    StartByEvent,
    StartBySchedule,
    StartBySegment,
    StartByWebhook,
    Step,
    WithdrawCard,
    WriteCustomer,
)
from .patterns import SCOPE
from .references import FlowReferences

_TIMES: Final = ("after", "at")
_OF_EVENTS: Final = ("data", "id", "origin")
_OF_CALLS: Final = ("variables", "metadata")
_OF_WEBHOOKS: Final = ("body", "headers", "query")
"""Fields of a start that only one way of starting knows."""


class StepLoading:
    """Of one script; what is wrong goes to the report of `sources`."""

    def __init__(self, sources: Sources, references: FlowReferences) -> None:
        self._sources = sources
        self._report = sources.report
        self._references = references
        self._expecting = Expecting(sources, references)
        self._given = Given(sources, SCOPE)

    def step(self, step: written.Step, pointer: Pointer) -> Step:
        names = [name for name in step.__struct_fields__ if getattr(step, name) is not UNSET]
        does = [name for name in names if name not in _TIMES]
        if len(does) > 1:
            self._report.add(
                "choose_one", child(pointer, does[1]), f"A step does one thing: {does[0]}, or this."
            )
        if not names:
            self._report.add("missing_key", pointer, "This step does nothing.")
        if len(names) - len(does) > 1:
            self._report.add("choose_one", child(pointer, "at"), 'Say "after" or "at", not both.')
        return Step(
            pointer=pointer,
            after=self._given.duration(step.after, child(pointer, "after")),
            at=self._given.moment(step.at, child(pointer, "at")),
            does=self._does(getattr(step, does[0]), child(pointer, does[0])) if does else None,
        )

    def start(self, start: written.Start, pointer: Pointer) -> Start:
        flow = self._references.flow(start.flow, child(pointer, "flow"))
        if start.trigger is UNSET:
            return self._call(start, pointer) if start.event is UNSET else self._by_event(start, pointer)
        trigger = self._references.trigger(flow, str(start.trigger), child(pointer, "trigger"))
        match trigger:
            case EventTrigger():
                return self._by_event(start, pointer, trigger)
            case ScheduleTrigger():
                self._only(start, (*_OF_EVENTS, *_OF_CALLS, *_OF_WEBHOOKS), pointer, "a start by a schedule")
                refused = self._untold(start, pointer)
                return StartBySchedule(flow=flow, trigger=trigger, refused=refused)
            case WebhookTrigger():
                return self._by_webhook(start, pointer, flow, trigger)
            case SegmentTrigger():
                not_its = ("event", "key", *_OF_EVENTS, *_OF_CALLS, *_OF_WEBHOOKS)
                self._only(start, not_its, pointer, "a start by a segment")
                customer = given(start.customer)
                refused = self._untold(start, pointer)
                return StartBySegment(flow=flow, trigger=trigger, customer=customer, refused=refused)
            case None:
                pass
            case _:
                assert_never(trigger)
        return self._by_event(start, pointer)

    def _untold(self, start: written.Start, pointer: Pointer) -> bool:
        """Whether a start of which nobody is answered is refused."""
        if isinstance(start.refused, str):
            message = "It is not told why such a start is refused; say `true`."
            self._report.add("bad_value", child(pointer, "refused"), message)
        return bool(start.refused)

    def _by_event(
        self, start: written.Start, pointer: Pointer, trigger: EventTrigger | None = None
    ) -> StartByEvent:
        """The event that is named, or the first one that the trigger listens to."""
        self._only(start, (*_OF_CALLS, *_OF_WEBHOOKS), pointer, "a start by an event")
        events = trigger.events if trigger else ()
        name = given(start.event) or next(iter(events), str(start.trigger))
        if trigger is not None and name not in events:
            message = f"The trigger listens to {', '.join(events)}."
            self._report.add("bad_value", child(pointer, "event"), message)
        event = written.Event(
            name=name,
            data=given(start.data) or {},
            customer=start.customer,
            key=start.key,
            id=start.id,
            origin=given(start.origin) or "backend",
        )
        at_name = "event" if start.event is not UNSET else "trigger"
        return StartByEvent(event=self._event(event, pointer, at_name=at_name), refused=start.refused)

    def _by_webhook(
        self, start: written.Start, pointer: Pointer, flow: Flow, trigger: WebhookTrigger
    ) -> StartByWebhook:
        """For whom it is, is in the request."""
        others = ("event", "customer", "key", *_OF_EVENTS, *_OF_CALLS)
        self._only(start, others, pointer, "a request to a webhook")
        body = self._sources.value(given(start.body), SCOPE, child(pointer, "body"))
        return StartByWebhook(flow=flow, trigger=trigger, written=start, body=body)

    def _does(self, raw: object, pointer: Pointer) -> Action | Expect:  # noqa: C901 – an arm a kind
        match raw:
            case written.Event():
                return self._event(raw, pointer, at_name="name")
            case str():
                self._references.event(raw, pointer)
                return self._event(written.Event(name=raw), pointer, at_name=None)
            case written.Start():
                return self.start(raw, pointer)
            case written.Act():
                return self._act(raw, pointer)
            case written.MoveCustomer():
                return self._move(raw, pointer)
            case written.CancelInstance():
                self._references.flow(raw.flow, child(pointer, "flow"))
                return CancelInstance(written=raw)
            case written.WithdrawCard():
                self._check_card(raw, pointer)
                return WithdrawCard(written=raw)
            case written.Retry() | written.Skip():
                return self._repair(raw, pointer)
            case written.Respond():
                return self._respond(raw, pointer)
            case written.Push():
                return self._push(raw, pointer)
            case written.Expect():
                return Expect(expectations=self._expecting.expectations(raw, pointer))
            case _:
                assert isinstance(raw, dict), "what is written of a customer"
                return self._customer(raw, pointer)

    def _event(self, event: written.Event, pointer: Pointer, *, at_name: str | None) -> PostEvent:
        if at_name is not None:
            self._references.event(event.name, child(pointer, at_name))
        return PostEvent(
            written=event,
            data=self._sources.value(event.data, SCOPE, child(pointer, "data")),
            key=self._given.value(event.key, child(pointer, "key")),
            time=self._given.moment(event.time, child(pointer, "time")),
        )

    def _call(self, start: written.Start, pointer: Pointer) -> StartByCall:
        self._only(start, (*_OF_EVENTS, *_OF_WEBHOOKS), pointer, "a start by a call")
        return StartByCall(
            written=start,
            key=self._given.value(start.key, child(pointer, "key")),
            variables=self._sources.value(given(start.variables) or {}, SCOPE, child(pointer, "variables")),
            metadata=self._sources.value(given(start.metadata) or {}, SCOPE, child(pointer, "metadata")),
        )

    def _act(self, act: written.Act, pointer: Pointer) -> ActOnCard:
        self._check_card(act, pointer)
        until, duration = given(act.until), given(act.duration)
        if until is not None and duration is not None:
            self._report.add("choose_one", child(pointer, "for"), 'Say "until" or "for", not both.')
        return ActOnCard(
            written=act,
            values=self._sources.value(act.values, SCOPE, child(pointer, "values")),
            until=self._given.moment(act.until, child(pointer, "until")),
            duration=self._given.duration(act.duration, child(pointer, "for")),
        )

    def _customer(self, raw: dict[str, object], pointer: Pointer) -> WriteCustomer:
        id = raw.get("id")
        if id is not None and not isinstance(id, str):
            self._report.add("wrong_type", child(pointer, "id"), "An id is text.")
        body = {name: value for name, value in raw.items() if name != "id"}
        return WriteCustomer(
            id=id if isinstance(id, str) else None, body=self._sources.value(body, SCOPE, pointer)
        )

    def _move(self, move: written.MoveCustomer, pointer: Pointer) -> MoveCustomer:
        entered, left = given(move.enter), given(move.exit)
        if (entered is None) == (left is None):
            self._report.add("choose_one", pointer, 'Say "enter" or "exit", and which segment.')
        at_name = "enter" if entered is not None else "exit"
        segment = entered or left or ""
        self._references.segment(segment, child(pointer, at_name))
        return MoveCustomer(segment=segment, enters=entered is not None, customer=given(move.customer))

    def _repair(self, repair: written.Retry | written.Skip, pointer: Pointer) -> Repair:
        flow = self._references.flow(repair.flow, child(pointer, "flow"))
        if not isinstance(repair.step, UnsetType):
            self._references.step(flow, repair.step, child(pointer, "step"))
        to = given(repair.to) if isinstance(repair, written.Skip) else None
        steps = None if to is None else (to,) if isinstance(to, str) else tuple(to)
        for step in steps or ():
            self._references.step(flow, step, child(pointer, "to"))
        return Repair(written=repair, to=steps)

    def _respond(self, respond: written.Respond, pointer: Pointer) -> Respond:
        flow = self._references.flow(respond.flow, child(pointer, "flow"))
        self._references.requester(flow, respond.of, child(pointer, "of"))
        said = [name for name in ("json", "body", "error") if getattr(respond, name) is not UNSET]
        if len(said) > 1:
            message = f'There is "{said[0]}" already; a request has one answer.'
            self._report.add("choose_one", child(pointer, said[1]), message)
        return Respond(
            written=respond,
            json=self._given.value(respond.json, child(pointer, "json")),
            takes=self._sources.duration(respond.takes, child(pointer, "takes")),
        )

    def _push(self, push: written.Push, pointer: Pointer) -> ReportPush:
        flow = self._references.flow(push.flow, child(pointer, "flow"))
        self._references.notifier(flow, push.of, child(pointer, "of"))
        return ReportPush(written=push, takes=self._sources.duration(push.takes, child(pointer, "takes")))

    def _check_card(self, picked: written.PickedCard, pointer: Pointer) -> None:
        flow = self._references.flow(picked.flow, child(pointer, "flow"))
        self._references.sender(flow, picked.of, child(pointer, "of"))
        if picked.nth == 0:
            self._report.add("bad_value", child(pointer, "nth"), "1 is the first, -1 the last.")

    def _only(self, start: written.Start, others: tuple[str, ...], pointer: Pointer, what: str) -> None:
        for name in others:
            if getattr(start, name) is not UNSET:
                self._report.add("choose_one", child(pointer, name), f"This is no part of {what}.")

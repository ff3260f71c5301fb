"""Starts instances as a script says: by events, schedules, requests to webhooks, calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import assert_never

from msgspec import UnsetType

from rules.causes import OfRequest
from rules.inputs import Event
from rules.model import Origin, SegmentChange
from rules.scripts import model
from rules.scripts.misses import Difference

from ..commands import (
    NO_ID,
    NO_TIME,
    EventResult,
    HookCall,
    HookResult,
    Refused,
    StartRequest,
    StartResult,
    Target,
)
from ..hooks import Unreadable, read_call
from .outcomes import check_answer, check_start
from .server import CLIENT, SimulatedServer
from .sources import ScriptSources, Stopped, given


class Starting:
    """Where the script names none, its own flow and first customer are meant."""

    def __init__(self, server: SimulatedServer, sources: ScriptSources, script: model.Script) -> None:
        self._server = server
        self._sources = sources
        self._schemas = script.events
        self._flow = script.flows[0].key
        self._customer = next(iter(script.customers))

    def start(self, action: model.Start) -> None:
        match action:
            case model.StartByEvent():
                self._by_event(action)
            case model.StartBySchedule():
                self._by_schedule(action)
            case model.StartBySegment():
                self._by_segment(action)
            case model.StartByWebhook():
                self._by_webhook(action)
            case model.StartByCall():
                self._by_call(action)
            case _:
                assert_never(action)

    def post(self, action: model.PostEvent) -> EventResult:
        event = action.written
        customer = self._customer if isinstance(event.customer, UnsetType) else event.customer
        data = self._sources.mapping(action.data)
        self._check_schema(event.name, data)
        result = self._server.post(
            Event(
                id=given(event.id, NO_ID),
                name=event.name,
                time=NO_TIME if action.time is None else self._sources.instant(action.time),
                customer=customer,
                key=self._sources.text(action.key),
                data=data,
                origin=Origin(event.origin),
            )
        )
        check_answer(result.status, event.answer)
        return result

    def _check_schema(self, name: str, data: dict[str, object]) -> None:
        """No door lets one in that is not as its schema says."""
        schema = self._schemas.get(name)
        faults = schema.faults(data) if schema is not None else []
        if faults:
            wrong = [Difference(f"data{place}", "as the schema says", message) for place, message in faults]
            raise Stopped(f'The data is not as the schema of "{name}" says.', wrong)

    def _by_event(self, action: model.StartByEvent) -> None:
        result = self.post(action.event)
        refused = {each.reason: each.detail for each in result.refused}
        check_start(len(result.started), refused, action.refused)

    def _by_schedule(self, action: model.StartBySchedule) -> None:
        at = self._server.next_occurrence(action.flow, action.trigger, self._customer)
        if at is None:
            raise Stopped(f"The schedule {action.trigger.name} does not come any more.")
        with self._starting(action.refused):
            self._server.pass_time(at)

    def _by_segment(self, action: model.StartBySegment) -> None:
        """The change that the trigger hears of; for one that hears of publishing, its members are pulled."""
        server, segment, change = self._server, action.trigger.segment, action.trigger.change
        customer, enters = action.customer or self._customer, change is SegmentChange.ENTER
        with self._starting(action.refused):
            if change is SegmentChange.PUBLISH:
                server.pull_members(action.flow.key, action.trigger)
            elif server.is_in(customer, segment) is enters:
                where = "already in" if enters else "not in"
                raise Stopped(f"{customer} is {where} the segment {segment}.")
            else:
                server.move(customer, segment, enters=enters)

    @contextmanager
    def _starting(self, refused: bool) -> Iterator[None]:
        """Of what nobody is answered, so that it is not known why it starts nothing."""
        before = len(self._server.instances)
        yield
        started = len(self._server.instances) - before
        if refused and started:
            raise Stopped(f"Nothing was refused; {started} started.")
        if not refused and not started:
            raise Stopped("Nothing was started.")

    def _by_webhook(self, action: model.StartByWebhook) -> None:
        start = action.written
        headers = {name.lower(): value for name, value in given(start.headers, {}).items()}
        request = OfRequest(
            id="",
            at=self._server.now,
            body=self._sources.plain(action.body),
            headers=headers,
            query=given(start.query, {}),
        )
        call = read_call(action.flow.key, action.trigger, request, world=self._server.world)
        match call:
            case None:
                check_start(0, {"ignored": "The request names nobody."}, start.refused)
            case Unreadable(what=what, failed=failed):
                check_start(0, {failed.code: f"Its {what}: {failed.message}"}, start.refused)
            case HookCall():
                self._check_hook(self._server.call_hook(call), start.refused)
            case _:
                assert_never(call)

    def _check_hook(self, result: HookResult | Refused, expected: str | bool) -> None:
        if isinstance(result, Refused):
            check_start(0, {result.code: result.reason}, expected)
        elif result.status == "accepted":
            refused = {each.reason: each.detail for each in result.refused}
            check_start(len(result.started), refused, expected)
        else:
            check_start(0, {result.status: "Its id was there before."}, expected)

    def _by_call(self, action: model.StartByCall) -> None:
        start = action.written
        target = Target(
            customer=given(start.customer, self._customer),
            key=self._sources.text(action.key),
            variables=self._sources.mapping(action.variables),
            metadata=self._sources.mapping(action.metadata),
        )
        flow = given(start.flow, self._flow)
        result = self._server.start(
            StartRequest(flow=flow, targets=(target,), client=CLIENT, test=start.test)
        )
        match result:
            case Refused():
                detail = "; ".join(each["message"] for each in result.errors) or result.reason
                check_start(0, {result.code: detail}, start.refused)
            case StartResult():
                refused = {each.reason: each.detail for each in result.refused}
                check_start(len(result.started), refused, start.refused)
            case _:
                assert_never(result)

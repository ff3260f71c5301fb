"""Does what a script says, one thing at a time: as a backend, an app, an operator or a third party would."""

from __future__ import annotations

from typing import Final, assert_never

from msgspec import UnsetType

from rules.calendar.durations import shift
from rules.calendar.moments import Duration
from rules.documents import script as written
from rules.inputs import Repaired, Response
from rules.scripts import model

from ..commands import (
    Action,
    CustomerWrite,
    Refused,
    TrackBatch,
    TrackEvent,
)
from .calls import Answer, Failing, PushStatus, Said
from .outcomes import check_answer, found, wrong_values
from .picking import Picking
from .server import CLIENT, SimulatedServer
from .sources import ScriptSources, Stopped, given
from .starting import Starting

TRACKED: Final = frozenset({"displayed", "subview", "video"})
"""What apps report in batches, without an answer of its own."""
OPENED: Final = "opened"
"""What the customer's app says of a push that was sent; the rest is said by the push service."""


class Actions:
    """`zone` is the server's."""

    def __init__(
        self, server: SimulatedServer, sources: ScriptSources, script: model.Script, *, zone: str
    ) -> None:
        self._server = server
        self._sources = sources
        self._picking = Picking(server, flow=script.flows[0].key)
        self._starting = Starting(server, sources, script)
        self._customer = next(iter(script.customers))
        self._zone = zone

    def do(self, action: model.Action) -> None:  # noqa: C901 – an arm a kind of action
        """Stopped, when it goes otherwise than the script says."""
        match action:
            case model.PostEvent():
                self._starting.post(action)
            case (
                model.StartByEvent()
                | model.StartBySchedule()
                | model.StartBySegment()
                | model.StartByWebhook()
                | model.StartByCall()
            ):
                self._starting.start(action)
            case model.ActOnCard():
                self._act(action)
            case model.WriteCustomer():
                self._write_customer(action)
            case model.MoveCustomer():
                customer = action.customer or self._customer
                self._server.move(customer, action.segment, enters=action.enters)
            case model.CancelInstance():
                self._server.cancel(found(self._picking.instance(action.written)).id)
            case model.WithdrawCard():
                card = found(self._picking.card(action.written))
                check_answer(self._server.withdraw(card.card.id).code, action.written.answer)
            case model.Repair():
                self._repair(action)
            case model.Respond():
                self._say(action.written, self._response(action), action.takes)
            case model.ReportPush():
                self._report_push(action)
            case _:
                assert_never(action)

    # ── cards and customers ────────────────────────────────────────────────────────────────────────────
    def _act(self, action: model.ActOnCard) -> None:
        act, card = action.written, found(self._picking.card(action.written))
        values = self._sources.mapping(action.values)
        if act.action in TRACKED:
            reported = TrackEvent(card=card.card.id, name=act.action, at=self._server.now, data=values)
            self._server.track(TrackBatch(customer=card.customer, events=(reported,)))
            return
        result = self._server.act(
            Action(
                customer=card.customer,
                card=card.card.id,
                action=act.action,
                seq=card.view_seq - 1 if act.outdated else card.view_seq,
                button=given(act.button, None),
                values=values,
                until=self._until(action),
                reason=given(act.reason, None),
                message=given(act.message, None),
                element=given(act.element, None),
            )
        )
        check_answer(result.code, act.answer, wrong_values(result.errors))

    def _until(self, action: model.ActOnCard) -> int | None:
        """When a snooze ends."""
        if action.duration is not None:
            return shift(self._server.now, action.duration, self._zone)
        return None if action.until is None else self._sources.instant(action.until)

    def _write_customer(self, action: model.WriteCustomer) -> None:
        body = self._sources.mapping(action.body)
        result = self._server.write_customer(
            CustomerWrite(id=action.id or self._customer, mode="patch", body=body, client=CLIENT)
        )
        if isinstance(result, Refused):
            raise Stopped("The profile cannot be written like that.", wrong_values(result.errors))

    # ── operators ──────────────────────────────────────────────────────────────────────────────────────
    def _repair(self, action: model.Repair) -> None:
        repair, instance = action.written, found(self._picking.instance(action.written))
        step = given(repair.step, None)
        match repair:
            case written.Retry():
                repaired = Repaired(action="retry", step=step, fresh=repair.fresh)
            case written.Skip():
                repaired = Repaired(action="skip", step=step, to=action.to)
            case _:
                assert_never(repair)
        self._server.repair(instance.id, repaired)

    # ── third parties ──────────────────────────────────────────────────────────────────────────────────
    def _response(self, action: model.Respond) -> Response | Failing:
        respond = action.written
        if not isinstance(respond.error, UnsetType):
            return Failing(code=respond.error)
        headers = {name.lower(): value for name, value in respond.headers.items()}
        body: object = given(respond.body, None)
        if action.json is not None:
            body = self._sources.plain(action.json)
            headers.setdefault("content-type", "application/json")
        return Response(status=respond.status, headers=headers, body=body)

    def _report_push(self, action: model.ReportPush) -> None:
        push = action.written
        if push.becomes == OPENED:
            self._server.settle_calls()
            self._server.report_push(found(self._picking.push(push)), push.becomes)
        else:
            self._say(push, PushStatus(status=push.becomes), action.takes)

    def _say(self, answering: written.Answering, said: Said, takes: Duration) -> None:
        self._server.calls.answer(
            Answer(
                fits=lambda waiting: self._picking.is_meant(answering, waiting),
                said=said,
                left=answering.times,
                takes_ms=shift(self._server.now, takes, self._zone) - self._server.now,
            )
        )
        self._server.take_results()

"""What others than the flow decide: calls that may fail, pushes that may not come, unknown senders (§11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UnsetType

from .. import model
from ..calendar.durations import Duration
from ..documents import flow as written_flow
from ..documents import steps as written
from ..documents.problems import Pointer, Report, child
from ..documents.triggers import WebhookTrigger
from ..values import Value
from .order import Order

_NIGHT_MS: Final = 8 * 3_600_000
"""How long quiet hours are at least, as a rule: a shorter time may be over before they are."""
_NOT_SENT: Final = frozenset({"dropped", "failed", "no_device"})


def check_outside(flow: model.Flow, document: written_flow.Flow, order: Order, report: Report) -> None:
    for name, trigger in document.triggers.items():
        if isinstance(trigger, WebhookTrigger) and trigger.auth.type == "none":
            message = "Whoever knows the address starts the flow: the sender proves nothing."
            report.add("unverified", child(child("/triggers", name), "auth"), message, at_key=True)
    for each in flow.triggers:
        _check_naming(each, report)
    for id, step in document.steps.items():
        if isinstance(step, written.Request) and isinstance(step.on_error, UnsetType):
            message = f'When the call of "{id}" fails, the whole instance fails.'
            report.add("no_on_error", _place(id), message, at_key=True)
    _check_run_before(document, order, report)
    for wait in flow.steps.values():
        if isinstance(wait, model.Wait):
            _check_starving(wait, flow, report)


def _check_naming(trigger: model.Trigger, report: Report) -> None:
    """Whom a trigger concerns is known before anybody's profile is."""
    named: dict[str, Value | None] = {}
    if isinstance(trigger, model.EventTrigger | model.WebhookTrigger):
        named["customer"] = trigger.customer
    if isinstance(trigger, model.WebhookTrigger):
        named["id"] = trigger.id
    for key, value in named.items():
        if value is not None and any(read.partition(".")[0] == "customer" for read in value.reads):
            message = "There is no customer yet: this says who it is. Read what came instead."
            report.add("unknown_name", child(child("/triggers", trigger.name), key), message)


def _check_run_before(document: written_flow.Flow, order: Order, report: Report) -> None:
    """What waits for a push or for another flow can only wait for what has been sent or started."""
    for id, step in document.steps.items():
        if not isinstance(step, written.Wait):
            continue
        for index, outcome in enumerate(step.until):
            if not isinstance(outcome, written.NotificationOutcome | written.FlowOutcome):
                continue
            if outcome.of in document.steps and not order.may_precede(outcome.of, id):
                place = child(child(child(_place(id), "until"), index), "of")
                message = f'No path that leads to "{id}" has run "{outcome.of}".'
                report.add("never_run_before", place, message)


def _check_starving(wait: model.Wait, flow: model.Flow, report: Report) -> None:
    """A push that quiet hours drop never reports `sent`; one that they hold may report it too late."""
    for outcome in wait.until:
        if not isinstance(outcome, model.NotificationOutcome) or outcome.statuses & _NOT_SENT:
            continue
        window = _window(flow.steps.get(outcome.of))
        if window is model.Window.DROP and not _has_other_way(wait):
            message = f'When quiet hours drop the push of "{outcome.of}", nothing leads on from "{wait.id}".'
            report.add("may_starve", _place(wait.id), message, at_key=True)
        elif window is model.Window.HOLD and any(_is_within_a_night(time) for time in _times(wait)):
            message = f'Quiet hours may hold the push of "{outcome.of}" for longer than "{wait.id}" waits.'
            report.add("may_starve", _place(wait.id), message, at_key=True)


def _window(step: model.Step | None) -> model.Window | None:
    match step:
        case model.Notify():
            return step.window
        case model.SendCard(notify=model.CardNotification() as notify):
            return notify.window
        case _:
            return None


def _has_other_way(wait: model.Wait) -> bool:
    """Whether something besides notifications ends the wait, or a push that was not sent does."""
    if wait.deadline is not None:
        return True
    ways = (
        outcome.statuses & _NOT_SENT if isinstance(outcome, model.NotificationOutcome) else True
        for outcome in wait.until
    )
    return not wait.need_all and any(ways)


def _times(wait: model.Wait) -> Iterator[Duration]:
    times = [outcome for outcome in wait.until if isinstance(outcome, model.TimeOutcome)]
    for time in (*times, *((wait.deadline,) if wait.deadline else ())):
        if time.after is not None:
            yield time.after


def _is_within_a_night(duration: Duration) -> bool:
    return duration.is_exact and duration.ms < _NIGHT_MS


def _place(step: str) -> Pointer:
    return child("/steps", step)

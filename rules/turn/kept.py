"""What is kept for wait steps that may want it later, and what they have taken (flow format §5.1).

A wait step takes a fact once: each kept fact lists the steps that have not taken it. Both lists are bounded;
what is lost to a bound is shown on the timeline.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar, assert_never

from msgspec.structs import replace

from ..instance import KeptEvent, Report
from ..limits import KEPT_EVENTS_BYTES_MAX, KEPT_EVENTS_MAX, KEPT_REPORTS_MAX
from ..model import ENDED, Deadline, Origin, Outcome, TimeOutcome
from . import outcomes
from .facts import CardReported, ChildEnded, EventCame, Fact, MomentCame, ProfileChanged, PushTold, Reported
from .run import Run, pack

Kept = TypeVar("Kept", Report, KeptEvent)


def keep(run: Run, fact: Fact, *, took: Collection[str]) -> None:
    """Keep the fact for the wait steps that listen for it, besides those that took it at once."""
    match fact:
        case EventCame():
            _keep_event(run, fact, took)
        case CardReported() | PushTold() | ChildEnded():
            _keep_report(run, fact, took)
        case ProfileChanged() | MomentCame():
            return
        case _:
            assert_never(fact)


def take(run: Run, step: str, outcome: Outcome, fact: Fact) -> None:
    """The wait step has taken the fact."""
    match fact:
        case EventCame() if not run.events:
            return
        case EventCame():
            # A kept one is taken alone here: an older one may still satisfy another outcome of the same wait.
            first, last = (fact.number, fact.number) if fact.number else (0, run.numbered)
            _pass_over(run, step, first, last)
        case CardReported() | PushTold() | ChildEnded():
            run.reports = tuple(
                [
                    left
                    for report in run.reports
                    if (left := _less(report, step) if _is(report, fact) else report).waiting
                ]
            )
        case ProfileChanged():
            run.held = (*run.held, f"{step}/{outcome.id}")
        case MomentCame():
            took_moment(run, step, outcome, fact.due)
        case _:
            assert_never(fact)


def took_moment(run: Run, step: str, outcome: Outcome | Deadline, due: int) -> None:
    """Remember a fixed moment, so that a loop cannot wait for it again when it is past."""
    if isinstance(outcome, TimeOutcome | Deadline) and outcome.at is not None:
        run.fired = {**run.fired, outcomes.time_key(step, outcome): due}


def took_exit(run: Run, outcome: Outcome, due: int) -> None:
    """Remember an exit's time for good, fixed or not: another version of the flow does not arm it again."""
    run.fired = {**run.fired, f"/{outcome.id}": due}


def pass_over(run: Run, step: str, number: int) -> None:
    """The wait step took the event with that number: older ones are nothing to it any more."""
    _pass_over(run, step, 0, number)


def _pass_over(run: Run, step: str, first: int, last: int) -> None:
    if run.events:
        run.events = tuple(
            [
                left
                for kept in run.events
                if (left := _less(kept, step) if first <= kept.number <= last else kept).waiting
            ]
        )


def _is(report: Report, fact: Reported) -> bool:
    """By number; without numbers, in states of before there were any, each kind is one fact."""
    about, _, action, button = _said(fact)
    return report.number == fact.number and _kind(report) == (about, action, button)


def _said(fact: Reported) -> tuple[str, str, str, str | None]:
    """What reports, of which step, what, and with which button."""
    match fact:
        case CardReported():
            return fact.card.id, fact.card.step, fact.action, fact.button
        case PushTold():
            return fact.push, fact.step, fact.status, None
        case ChildEnded():
            return fact.child, fact.step, ENDED, None
        case _:
            assert_never(fact)


def _keep_report(run: Run, fact: Reported, took: Collection[str]) -> None:
    about, of, action, button = _said(fact)
    listeners = run.flow.listening.reports.get((of, action))
    if listeners is None:
        return
    waiting = tuple([step for step in listeners if step not in took])
    if not waiting:
        return
    report = Report(about, of, action, button, waiting, run.next_number())
    run.grow(report)
    run.reports = (*run.reports, report)
    if len(run.reports) > KEPT_REPORTS_MAX:
        lost = _least_missed(run.reports)
        run.reports = tuple([known for known in run.reports if known is not lost])
        _note_loss(run, f"report lost: {lost.action} of {lost.step}", KEPT_REPORTS_MAX)


def _least_missed(reports: tuple[Report, ...]) -> Report:
    """The oldest that a newer one of the same kind stands for; where there is none, the oldest."""
    newest = {_kind(report): report for report in reports}
    return next((report for report in reports if newest[_kind(report)] is not report), reports[0])


def _keep_event(run: Run, fact: EventCame, took: Collection[str]) -> None:
    event = fact.event
    listeners = run.flow.listening.kept.get(event.name)
    if listeners is None:
        return
    waiting = dict.fromkeys(
        step
        for step, outcome in listeners
        if step not in took and outcomes.event_fits(run.base, outcome, event)
    )
    if not waiting:
        return
    kept = KeptEvent(
        number=run.next_number(),
        id=event.id,
        name=event.name,
        time=event.time,
        customer=event.customer,
        key=event.key,
        data=event.data,
        app=event.origin is Origin.APP,
        bytes=len(pack(event.data)),
        waiting=tuple(waiting),
    )
    run.grow(kept)
    run.events = _newest(run, (*run.events, kept))


def _newest(run: Run, events: tuple[KeptEvent, ...]) -> tuple[KeptEvent, ...]:
    while len(events) > KEPT_EVENTS_MAX or sum(kept.bytes for kept in events) > KEPT_EVENTS_BYTES_MAX:
        _note_loss(run, f"event lost: {events[0].name}", KEPT_EVENTS_MAX)
        events = events[1:]
    return events


def _note_loss(run: Run, result: str, count_max: int) -> None:
    message = f"More was kept for later waits than an instance may hold ({count_max})."
    run.note("", result, error={"code": "kept_overflow", "message": message})


def _kind(report: Report) -> tuple[str, str, str | None]:
    return (report.about, report.action, report.button)


def _less(kept: Kept, step: str) -> Kept:
    return replace(kept, waiting=tuple([other for other in kept.waiting if other != step]))

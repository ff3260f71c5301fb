"""Outcomes: what satisfies one, now or already before it was armed (flow format §5.1, "What counts").

What a wait step has taken, and what is kept for it, is `kept.py`; here is only whether a fact counts. A
profile outcome that was taken needs a change from false to true; a moment that was taken and is past is an
error.
"""

from __future__ import annotations

from typing import assert_never

from ..calendar.durations import shift
from ..calendar.times import to_datetime
from ..cards import changes as card_changes
from ..errors import RuleError
from ..inputs import Event
from ..instance import KeptEvent, State
from ..model import (
    ENDED,
    CardOutcome,
    Deadline,
    EventOutcome,
    FlowOutcome,
    Match,
    NotificationOutcome,
    OfProfile,
    Origin,
    Outcome,
    ProfileOutcome,
    SegmentOutcome,
    TimeOutcome,
)
from .context import card_context, event_context
from .facts import CardReported, ChildEnded, EventCame, Fact, MomentCame, ProfileChanged, PushTold
from .run import Run
from .running import holds

_LATEST_ONLY = frozenset({"expired", "cancelled"})


def satisfied(run: Run, step: str, outcome: Outcome, fact: Fact) -> bool:
    """Whether the fact satisfies the outcome of this wait step; `step` is "" for an exit."""
    match outcome:
        case EventOutcome():
            return isinstance(fact, EventCame) and event_satisfies(run, step, outcome, fact)
        case CardOutcome():
            return isinstance(fact, CardReported) and _card_fits(run, step, outcome, fact)
        case ProfileOutcome() | SegmentOutcome():
            return isinstance(fact, ProfileChanged) and is_so(run, step, outcome)
        case NotificationOutcome():
            return isinstance(fact, PushTold) and _push_fits(outcome, fact)
        case FlowOutcome():
            return isinstance(fact, ChildEnded) and fact.step == outcome.of
        case TimeOutcome():
            return False
        case _:
            assert_never(outcome)


def event_fits(base: State, outcome: EventOutcome, event: Event) -> bool:
    """By name and by whom it concerns: what an app sent only its own customer (§3), a test only tests."""
    if event.name != outcome.event or (event.test and not base.test):
        return False
    match outcome.match:
        case Match.CUSTOMER:
            return event.customer == base.customer
        case Match.KEY:
            return event.key is not None and event.key == base.key and event.origin is not Origin.APP
        case Match.ANY:
            return event.origin is not Origin.APP or event.customer == base.customer
        case _:
            assert_never(outcome.match)


def event_satisfies(run: Run, step: str, outcome: EventOutcome, fact: EventCame) -> bool:
    """Whether the event fits, and the condition holds with it."""
    if not event_fits(run.base, outcome, fact.event):
        return False
    if outcome.when is None:
        return True
    run.context["event"] = fact.shown
    try:
        return holds(run, step, outcome.id, outcome.when)
    finally:
        run.context.pop("event", None)


def _card_fits(run: Run, step: str, outcome: CardOutcome, fact: CardReported) -> bool:
    card, action = fact.card, fact.action
    if card.step != outcome.of or action not in outcome.actions:
        return False
    if outcome.button is not None and fact.button != outcome.button:
        return False
    if action in _LATEST_ONLY:
        latest = card_changes.latest_of(run, card.step)
        if latest is None or latest.id != card.id:
            return False
    if outcome.when is None:
        return True
    run.context["card"] = card_context(card, fact.button)
    try:
        return holds(run, step, outcome.id, outcome.when)
    finally:
        run.context.pop("card", None)


def _push_fits(outcome: NotificationOutcome, fact: PushTold) -> bool:
    return fact.step == outcome.of and fact.status in outcome.statuses


def is_so(run: Run, step: str, outcome: OfProfile) -> bool:
    """Whether it holds and is not one that was taken and has held ever since."""
    return f"{step}/{outcome.id}" not in run.held and holds_now(run, step, outcome)


def holds_now(run: Run, step: str, outcome: OfProfile) -> bool:
    """Whether the profile is as the outcome wants it, taken or not."""
    if isinstance(outcome, ProfileOutcome):
        return holds(run, step, outcome.id, outcome.when)
    is_member = run.profile is not None and outcome.segment in run.profile.segments
    run.note(step, f"{outcome.id}: {'yes' if is_member is outcome.member else 'no'}")
    return is_member is outcome.member


# --- what was there before --------------------------------------------------------------------------


def already(run: Run, step: str, outcome: Outcome) -> Fact | None:
    """The oldest fact that satisfies it, if it looks back: one kept for this wait step, or what is so now."""
    match outcome:
        case CardOutcome():
            return _reported(run, step, outcome)
        case EventOutcome():
            return _came(run, step, outcome)
        case ProfileOutcome() | SegmentOutcome():
            return ProfileChanged() if is_so(run, step, outcome) else None
        case NotificationOutcome():
            return _told(run, step, outcome)
        case FlowOutcome():
            return _ended(run, step, outcome)
        case TimeOutcome():
            due = due_of(run, step, outcome)
            return MomentCame(due) if due is not None and due <= run.now else None
        case _:
            assert_never(outcome)


def _reported(run: Run, step: str, outcome: CardOutcome) -> CardReported | None:
    for report in run.reports:
        card = card_changes.find(run, report.about)
        if step not in report.waiting or card is None:
            continue
        fact = CardReported(card, report.action, report.button, report.number)
        if _card_fits(run, step, outcome, fact):
            return fact
    return None


def _told(run: Run, step: str, outcome: NotificationOutcome) -> PushTold | None:
    for report in run.reports:
        fact = PushTold(report.step, report.about, report.action, report.number)
        if step in report.waiting and _push_fits(outcome, fact):
            return fact
    return None


def _ended(run: Run, step: str, outcome: FlowOutcome) -> ChildEnded | None:
    for report in run.reports:
        if step in report.waiting and (report.step, report.action) == (outcome.of, ENDED):
            return ChildEnded(report.step, report.about, report.number)
    return None


def _came(run: Run, step: str, outcome: EventOutcome) -> EventCame | None:
    for kept in run.events:
        if step not in kept.waiting or kept.name != outcome.event:
            continue
        event = event_of(kept)
        fact = EventCame(event, event_context(event), kept.number)
        if event_satisfies(run, step, outcome, fact):
            return fact
    return None


def event_of(kept: KeptEvent) -> Event:
    """The event as it came, as far as it was kept."""
    return Event(
        id=kept.id,
        name=kept.name,
        time=kept.time,
        customer=kept.customer,
        key=kept.key,
        data=kept.data,
        origin=Origin.APP if kept.app else Origin.BACKEND,
    )


def due_of(run: Run, step: str, outcome: TimeOutcome | Deadline) -> int | None:
    """When the time comes, None for never; RuleError `already_past` for a past moment taken before."""
    due = due_since(run, outcome, run.now)
    is_fixed = outcome.at is not None
    if is_fixed and due is not None and due <= run.now and run.fired.get(time_key(step, outcome)) == due:
        raise RuleError("already_past", "This moment is past and was waited for before.")
    return due


def due_since(run: Run, outcome: TimeOutcome | Deadline, since: int) -> int | None:
    """When the time comes that is armed at `since`, None for never."""
    zone = run.setting.zone
    if outcome.after is not None:
        return shift(since, outcome.after, zone)
    assert outcome.at is not None, "what waits for time has `after` or `at`"
    run.context["now"] = to_datetime(since)
    try:
        return outcome.at.resolve(run.context, now=since, customer_zone=zone, server_zone=run.world.zone)
    finally:
        run.context.pop("now", None)


def time_key(step: str, outcome: TimeOutcome | Deadline) -> str:
    return f"{step}/{outcome.id}" if isinstance(outcome, TimeOutcome) else f"{step}/"

"""The turn function: one input in, the next state and its effects out (flow format §9.2).

`start` takes an instance's first turn, `decide` every later one. Both are pure: same in, same out. Neither
raises for other people's input: what they raise is a fault of ours, which the runtime commits through
`faulted`.
"""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from . import variables
from .cards import acting
from .cards import changes as card_changes
from .cards.card import OPEN, Card
from .customers.profile import Profile
from .effects import Refusal, StepTrace, Turn
from .errors import RuleError
from .inputs import (
    Cancelled,
    CardActed,
    CardWithdrawn,
    CustomerChanged,
    EventArrived,
    Input,
    Started,
    TimeCame,
)
from .instance import LAYOUT, TRANSITIONS, Change, InstanceStatus, State, Timer, TimerKind
from .model import Flow
from .triggers import match_trigger, trigger_target
from .turn.advance import advance, arm_exits, ring
from .turn.context import event_context, trigger_context
from .turn.ending import finish
from .turn.facts import EventCame, ProfileChanged
from .turn.run import Run, pack
from .turn.subscribing import subscriptions
from .world import Identity, StartPlan, TriggerFailed, World

__all__ = [
    "Identity",
    "StartPlan",
    "TriggerFailed",
    "World",
    "decide",
    "faulted",
    "match_trigger",
    "start",
    "trigger_target",
]


def start(  # noqa: PLR0913 – what a turn depends on, each by its name
    flow: Flow,
    started: Started,
    who: Identity,
    *,
    customer: Profile | None,
    now: int,
    seed: str,
    world: World,
) -> Turn | Refusal:
    """The first turn of an instance, or why there is none (a variable is missing or wrong, no such step)."""
    first = flow.start if started.start is None else started.start
    missing = next((step for step in first if step not in flow.steps), None)
    if missing is not None:
        return Refusal(code="unknown_step", reason=f'The flow has no step "{missing[:64]}" to start with.')
    try:
        base = _blank(flow, started, who, now)
        run = Run(flow, base, profile=customer, now=now, seed=seed, world=world)
        run.check_size()
        run.depth = started.depth
        run.raise_own("instance.started", {"trigger": started.trigger})
        arm_exits(run)
    except RuleError as error:
        return Refusal(code=error.code, reason=error.message)
    if run.live and not run.queue:
        run.queue.extend(first)
    advance(run)
    return _turn(run)


def decide(  # noqa: PLR0913 – what a turn depends on, each by its name
    flow: Flow, state: State, input: Input, *, customer: Profile | None, now: int, seed: str, world: World
) -> Turn:
    """One later turn. `now` may lag: the turn's time is never before the state's. `seed`: "{id}:{turn}"."""
    run = Run(flow, state, profile=customer, now=now, seed=seed, world=world)
    match input:
        case EventArrived():
            event = input.event
            run.depth = event.depth
            run.facts.append(EventCame(event, event_context(event)))
        case TimeCame():
            _let_time_come(run)
        case CardActed():
            acting.act(run, input)
        case CardWithdrawn():
            acting.withdraw(run, input)
        case CustomerChanged(depth=depth):
            run.depth = depth
            run.facts.append(ProfileChanged())
        case Cancelled(reason=reason):
            if run.live:
                finish(run, Change.CANCELLED, cancel_cards=reason)
        case Started():
            raise AssertionError("an instance is started once, by `start`")
        case _:
            assert_never(input)
    advance(run)
    return _turn(run)


def faulted(state: State, input: Input, *, now: int, message: str) -> Turn:
    """After a fault of ours: the state from before the turn, its input consumed, the instance failed.

    For `TimeCame` the timer that would have been applied is dropped, so that it never fires for ever.
    """
    now = max(now, state.now)
    details: dict[str, object] = {"code": "fault", "message": message}
    dropped = _due(state.timers, now) if isinstance(input, TimeCame) else None
    timers = tuple([timer for timer in state.timers if timer is not dropped])
    state = replace(state, now=now, turn=state.turn + 1, timers=timers)
    if state.live:
        status = TRANSITIONS[state.status, Change.PARKED]
        state = replace(state, status=status, fault=True, error=details)
    return Turn(
        state=state,
        due=_next_due(timers),
        subscriptions=None,
        trace=(StepTrace(step="", result="fault", error=details),),
    )


def _blank(flow: Flow, started: Started, who: Identity, now: int) -> State:
    """The state before the first turn. RuleError for variables that do not fit."""
    base = State(
        layout=LAYOUT,
        id=who.id,
        flow=flow.key,
        version=flow.version,
        customer=who.customer,
        key=who.key,
        invocation=who.invocation,
        test=who.test,
        status=InstanceStatus.RUNNING,
        outcome=None,
        started_at=now,
        ended_at=None,
        now=now,
        turn=0,
        error=None,
        cards=(),
        variables=variables.resolve(flow.variables, started.variables),
        trigger=trigger_context(started) if flow.reads_trigger else None,
    )
    return replace(base, size=len(pack(base)))


def _let_time_come(run: Run) -> None:
    """Apply the earliest timer that is due, exactly one; none may be left if it came late."""
    timer = _due(run.timers, run.now)
    if timer is None:
        return
    run.timers = tuple([other for other in run.timers if other is not timer])
    if timer.kind in {TimerKind.OUTCOME, TimerKind.DEADLINE, TimerKind.EXIT}:
        ring(run, timer)
        return
    card = card_changes.find(run, timer.of)
    assert card is not None, "timers of a card go when it closes"
    if timer.kind is TimerKind.PUBLISH:
        card_changes.publish(run, card)
    elif timer.kind is TimerKind.UNSNOOZE:
        card_changes.unsnooze(run, card)
    else:
        card_changes.expire(run, card)


def _due(timers: tuple[Timer, ...], now: int) -> Timer | None:
    timer = min(timers, key=lambda timer: (timer.due, timer.armed), default=None)
    return timer if timer is not None and timer.due <= now else None


def _next_due(timers: tuple[Timer, ...]) -> int | None:
    return min([timer.due for timer in timers]) if timers else None


def _turn(run: Run) -> Turn:
    _settle(run)
    run.cards = _worth_keeping(run)
    # The context knows its run: without this only the garbage collector would free the two.
    del run.context
    return Turn(
        state=run.state() if _did_something(run) else run.base,
        effects=tuple(run.effects),
        due=_next_due(run.timers),
        subscriptions=subscriptions(run),
        answer=run.answer,
        woke=run.woke,
        trace=tuple(run.trace),
        condition_errors=run.condition_errors,
    )


def _did_something(run: Run) -> bool:
    base = run.base
    return bool(
        run.trace
        or run.effects
        or run.timers is not base.timers
        or run.reports is not base.reports
        or run.events is not base.events
        or run.held is not base.held
    )


def _settle(run: Run) -> None:
    """A live instance is `failed` as long as a token is parked, or a fault of ours is not repaired."""
    if run.error is None or not run.live:
        return  # who parks a token, and who commits a fault, says why
    is_broken = run.fault or any([token.error is not None for token in run.tokens])
    if is_broken == (run.status is InstanceStatus.FAILED):
        return
    if is_broken:
        run.move(Change.PARKED)
        run.raise_own("instance.failed", {"error": run.error})
    else:
        run.move(Change.REPAIRED)
        run.error = None


def _worth_keeping(run: Run) -> tuple[Card, ...]:
    """Open cards, and closed ones that are the latest of their step or that a report still names."""
    if run.cards is run.base.cards and run.reports is run.base.reports:
        return run.cards
    named = {report.card for report in run.reports}
    named |= {card.id for card in {card.step: card for card in run.cards}.values()}
    return tuple([card for card in run.cards if card.status in OPEN or card.id in named])

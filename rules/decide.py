"""The turn function: one input in, the next state and its effects out (flow format §9.2).

`start` takes an instance's first turn, `decide` every later one. Both are pure: same in, same out. Neither
raises for other people's input: what they raise is a fault of ours, which the runtime commits through
`faulted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from . import variables
from .calendar.durations import shift
from .cards import acting
from .cards import changes as card_changes
from .customers.profile import Profile
from .effects import Redeliver, Refusal, StepTrace, Turn
from .entry import Admitted, Living, admit
from .errors import RuleError
from .inputs import (
    Cancelled,
    CardActed,
    CardWithdrawn,
    ChildReported,
    CustomerChanged,
    EventArrived,
    Input,
    Migrated,
    PushReported,
    Repaired,
    RequestDone,
    Started,
    TimeCame,
)
from .instance import LAYOUT, OF_TOKENS, TRANSITIONS, Change, InstanceStatus, Missed, State, Timer, TimerKind
from .limits import KEY_BYTES_MAX, MISSED_INPUTS_MAX
from .model import Flow, Next
from .text.printing import text_of
from .triggers import match_trigger, trigger_target
from .turn import pushes
from .turn.advance import advance, arm_exits, repair, ring
from .turn.closing import close, next_due
from .turn.context import event_context, trigger_context
from .turn.ending import finish
from .turn.facts import EventCame, ProfileChanged
from .turn.run import Run, pack
from .turn.steps import children, requests
from .world import Identity, StartPlan, TriggerFailed, World

_OF_STEPS = frozenset({*OF_TOKENS, TimerKind.EXIT})

__all__ = [
    "Identity",
    "StartPlan",
    "TriggerFailed",
    "World",
    "decide",
    "enter",
    "faulted",
    "match_trigger",
    "start",
    "trigger_target",
]


def enter(  # noqa: PLR0913 – what entry depends on, each by its name
    flow: Flow,
    started: Started,
    who: Identity,
    *,
    customer: Profile | None,
    living: Sequence[Living],
    now: int,
    world: World,
) -> Admitted | Refusal:
    """Whether the start becomes an instance, under which key, and whom it replaces (§4); before `start`.

    `living` are the customer's live instances of this flow, tests apart; needed unless entry lets all start.
    """
    try:
        key = _key(flow, started, who, customer, now, world) if who.key is None else who.key
    except RuleError as error:
        return Refusal(code=error.code, reason=error.message)
    zone = (customer and customer.timezone) or world.zone
    return admit(flow, key, living, world.ledger, now=now, zone=zone)


def _key(
    flow: Flow, started: Started, who: Identity, customer: Profile | None, now: int, world: World
) -> str | None:
    """The correlation key that the flow itself gives its instances, if it does."""
    if flow.entry.key is None:
        return None
    base = _blank(flow, started, who, now)
    run = Run(flow, base, profile=customer, now=now, seed="", world=world)
    key = flow.entry.key.resolve(run.context, run.setting)
    del run.context  # it knows its run, and only the garbage collector would free the two
    if key is None or key == "":
        return None
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        raise RuleError("bad_key", "The key of an instance is text or a number.")
    text = text_of(key)
    if not text.isprintable() or len(text.encode()) > KEY_BYTES_MAX:
        raise RuleError("bad_key", f"A key is printable text of at most {KEY_BYTES_MAX} bytes.")
    return text


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
        if flow.entry.max_age is not None:
            run.set_timer(shift(run.now, flow.entry.max_age, run.setting.zone), TimerKind.MAX_AGE, "")
        arm_exits(run, flow.exits, since=run.now)
    except RuleError as error:
        return Refusal(code=error.code, reason=error.message)
    if run.live and not run.queue:
        _begin(run, first, started.begin_at)
    advance(run)
    return close(run)


def _begin(run: Run, first: Next, at: int | None) -> None:
    """Run the first steps, at once or when their time comes."""
    if at is None or at <= run.now:
        run.queue.extend(first)
    else:
        run.begins = tuple(first)
        run.set_timer(at, TimerKind.BEGIN, "")


def decide(  # noqa: PLR0913 – what a turn depends on, each by its name
    flow: Flow, state: State, input: Input, *, customer: Profile | None, now: int, seed: str, world: World
) -> Turn:
    """One later turn. `now` may lag: the turn's time is never before the state's. `seed`: "{id}:{turn}"."""
    run = Run(flow, state, profile=customer, now=now, seed=seed, world=world)
    _take(run, input)
    advance(run)
    return close(run)


def _take(run: Run, input: Input) -> None:  # noqa: C901, PLR0912 – an arm a kind of input
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
        case RequestDone():
            requests.done(run, input)
        case PushReported():
            pushes.report(run, input)
        case ChildReported():
            children.report(run, input)
        case Repaired():
            _repair(run, input)
        case Started() | Migrated():
            raise AssertionError("an instance is started by `start`, and moved by `migrate`")
        case _:
            assert_never(input)


def _repair(run: Run, repaired: Repaired) -> None:
    """Parked tokens move again, and what faults of ours consumed comes back."""
    if not run.live or not run.flow.steps.keys() >= {*(repaired.to or ())}:
        return
    if repaired.step is None and repaired.action == "retry" and run.missed:
        run.timers = (*run.timers, *[missed.timer for missed in run.missed if missed.timer is not None])
        inputs = tuple([missed.input for missed in run.missed if missed.timer is None])
        if inputs:
            run.effects.append(Redeliver(inputs=inputs))
    if repaired.step is None:
        run.fault, run.missed = False, ()
    repair(run, repaired)


def faulted(state: State, input: Input, *, now: int, message: str) -> Turn:
    """After a fault of ours: the state from before the turn, its input consumed, the instance failed.

    For `TimeCame` the timer that would have been applied is dropped, so that it never fires for ever.
    """
    now = max(now, state.now)
    details: dict[str, object] = {"code": "fault", "message": message}
    dropped = _due(state.timers, now) if isinstance(input, TimeCame) else None
    timers = tuple([timer for timer in state.timers if timer is not dropped])
    missed = state.missed
    if not isinstance(input, Repaired):  # who repairs sees that it failed, and asks again
        lost = Missed(timer=dropped) if dropped is not None else Missed(input=pack(input))
        missed = (*missed, lost)[-MISSED_INPUTS_MAX:]
    state = replace(state, now=now, turn=state.turn + 1, timers=timers, missed=missed)
    if state.live:
        status = TRANSITIONS[state.status, Change.PARKED]
        state = replace(state, status=status, fault=True, error=details)
    return Turn(
        state=state,
        due=next_due(timers),
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
        parent=started.parent,
    )
    return replace(base, size=len(pack(base)))


def _let_time_come(run: Run) -> None:
    """Apply the earliest timer that is due, exactly one; none may be left if it came late."""
    timer = _due(run.timers, run.now)
    if timer is None:
        return
    run.timers = tuple([other for other in run.timers if other is not timer])
    if timer.kind in _OF_STEPS:
        ring(run, timer)
        return
    if timer.kind is TimerKind.BEGIN:
        run.queue.extend(run.begins)
        run.begins = ()
        return
    if timer.kind is TimerKind.MAX_AGE:
        finish(run, Change.EXPIRED, cancel_cards="expired")
        return
    if timer.kind is TimerKind.PUSH:
        pushes.ring(run, timer.of)
        return
    card = card_changes.find(run, timer.of)
    assert card is not None, "timers of a card go when it closes"
    if timer.kind is TimerKind.PUBLISH:
        card_changes.publish(run, card)
    elif timer.kind is TimerKind.UNSNOOZE:
        card_changes.unsnooze(run, card, is_over=True)
    else:
        card_changes.expire(run, card)


def _due(timers: tuple[Timer, ...], now: int) -> Timer | None:
    timer = min(timers, key=lambda timer: (timer.due, timer.armed), default=None)
    return timer if timer is not None and timer.due <= now else None

"""The heart of a turn: facts are noticed, then tokens run, first in, first out, until all block (§9.2).

Exits see a fact before every wait. A join for all fires only when nothing else can move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ..inputs import Repaired
from ..instance import Change, Timer, TimerKind, Token
from ..limits import STEPS_PER_INSTANCE_MAX, STEPS_PER_TURN_MAX
from ..model import (
    Branch,
    CancelCard,
    Collect,
    Decide,
    Emit,
    End,
    Exit,
    Join,
    Limit,
    Next,
    Notify,
    ProfileOutcome,
    Request,
    SegmentOutcome,
    SendCard,
    Set,
    Split,
    StartFlow,
    Step,
    TimeOutcome,
    UpdateCard,
    UpdateCustomer,
    Wait,
)
from . import joins, kept, pushes
from .ending import finish, leave
from .facts import EventCame, Fact, ProfileChanged
from .outcomes import due_since, holds_now, is_so, satisfied
from .run import Run
from .running import attempt, park
from .steps import cards, children, collecting, data, paths, requests, waits


def advance(run: Run) -> None:
    """Run until nothing can move; an instance without tokens is completed."""
    while run.ended_at is None:
        if run.facts:
            notice(run, run.facts.popleft())
        elif run.queue:
            _run_next(run)
        elif (join := joins.ready(run)) is not None:
            joins.fire(run, join)
        elif run.tokens or run.begins:
            break
        else:
            finish(run, Change.FINISHED)


def arm_exits(run: Run, exits: Sequence[Exit], *, since: int) -> None:
    """Arm them for the whole instance, as of that time; the first that holds already takes it out."""
    holding: Exit | None = None
    for exit in exits:
        on = exit.on
        if isinstance(on, TimeOutcome):
            due = due_since(run, on, since)
            if due is not None and due > run.now:
                run.set_timer(due, TimerKind.EXIT, on.id)
            elif due is not None and holding is None:
                kept.took_exit(run, on, due)
                holding = exit
        elif holding is None and isinstance(on, ProfileOutcome | SegmentOutcome) and is_so(run, "", on):
            kept.take(run, "", on, ProfileChanged())
            holding = exit
    if holding is not None:
        leave(run, holding)


def notice(run: Run, fact: Fact) -> None:
    """Offer the fact to exits, then to each token that waits, oldest first; a step takes it once."""
    if isinstance(fact, ProfileChanged):
        _release(run)
    for exit in run.flow.exits:
        if satisfied(run, "", exit.on, fact):
            kept.take(run, "", exit.on, fact)
            leave(run, exit)
            break
    took: set[str] = set()
    for token in run.tokens:
        if token.error is None and token.step not in took and _offer(run, token, fact):
            took.add(token.step)
    if run.live:
        kept.keep(run, fact, took=took)


def _offer(run: Run, token: Token, fact: Fact) -> bool:
    """Whether the step at which the token stands takes the fact."""
    step = run.flow.steps[token.step]
    if isinstance(step, Wait):
        return waits.offer(run, step, token, fact)
    return (
        isinstance(step, Collect) and isinstance(fact, EventCame) and collecting.offer(run, step, token, fact)
    )


def ring(run: Run, timer: Timer) -> None:
    """A timer of an exit or of a step at which a token stands rang."""
    if timer.kind is TimerKind.EXIT:
        exit = next(exit for exit in run.flow.exits if exit.on.id == timer.of)
        kept.took_exit(run, exit.on, timer.due)
        leave(run, exit)
        return
    match run.flow.steps[timer.of]:
        case Wait() as wait:
            waits.ring(run, wait, timer)
        case Request() as request:
            requests.ring(run, request, timer.activation)
        case Collect() as collect:
            collecting.ring(run, collect, timer)
        case step:
            raise AssertionError(f"{step.id} sets no timers")


def _release(run: Run) -> None:
    """Profile outcomes that were taken and do not hold any longer may be taken again."""
    for key in run.held:
        step, _, id = key.partition("/")
        wait = run.flow.steps.get(step)
        armed = wait.until if isinstance(wait, Wait) else tuple([exit.on for exit in run.flow.exits])
        outcome = next((outcome for outcome in armed if outcome.id == id), None)
        if not isinstance(outcome, ProfileOutcome | SegmentOutcome) or not holds_now(run, step, outcome):
            run.held = tuple([other for other in run.held if other != key])


def _run_next(run: Run) -> None:
    """Run the step at which the oldest token has arrived."""
    if run.step_count >= STEPS_PER_INSTANCE_MAX or run.step_count - run.base.step_count >= STEPS_PER_TURN_MAX:
        _overrun(run)
        return
    step = run.flow.steps[run.queue.popleft()]
    run.step_count += 1
    if isinstance(step, Join):
        joins.arrive(run, step, run.runs(step.id) + 1)
        return
    activation = run.begin(step.id)
    attempt(run, step, activation, _do)


def repair(run: Run, repaired: Repaired) -> None:
    """Parked tokens are tried again with the same activation, or led past their step (§9.7)."""
    parked = [token for token in run.tokens if token.error is not None]
    for token in parked:
        # One that came before it may have ended the instance.
        if repaired.step not in (None, token.step) or token not in run.tokens:
            continue
        run.drop_token(token)
        step = run.flow.steps[token.step]
        if repaired.action == "skip":
            run.note(step.id, "skipped")
            run.queue.extend(step.next if repaired.to is None else repaired.to)
        elif repaired.fresh or isinstance(step, Join) or token.activation > run.runs(step.id):
            run.note(step.id, "tried again, as a new activation")
            run.queue.append(step.id)
        else:
            run.note(step.id, "tried again")
            run.output(step.id, {"runs": token.activation})
            run.step_count += 1
            attempt(run, step, token.activation, _do)


def _overrun(run: Run) -> None:
    """Every token that could run is parked: the instance has failed, and says so."""
    if run.step_count >= STEPS_PER_INSTANCE_MAX:
        message = f"An instance may run at most {STEPS_PER_INSTANCE_MAX} steps."
    else:
        message = f"A turn may run at most {STEPS_PER_TURN_MAX} steps."
    details: dict[str, object] = {"code": "too_many_steps", "message": message}
    for step in run.queue:
        run.note(step, "failed", error=details)
        park(run, step, run.runs(step) + 1, details)
    run.queue.clear()


def _do(run: Run, step: Step, activation: int) -> Next | None:  # noqa: C901, PLR0912 – an arm a kind of step
    match step:
        case Wait():
            return waits.enter(run, step, activation)
        case Set():
            return data.set_variables(run, step)
        case Branch():
            return paths.branch(run, step, activation)
        case SendCard():
            return cards.send(run, step)
        case UpdateCard():
            return cards.update(run, step, activation)
        case CancelCard():
            return cards.cancel(run, step, activation)
        case UpdateCustomer():
            return data.update_customer(run, step)
        case Emit():
            return data.emit(run, step, activation)
        case Split():
            return paths.split(run, step, activation)
        case Decide():
            return paths.decide(run, step, activation)
        case Limit():
            return paths.limit(run, step, activation)
        case Request():
            requests.enter(run, step, activation)
            return None
        case Notify():
            pushes.queue(run, step.id, activation, step.notification, step.window)
            return step.next
        case StartFlow():
            return children.start(run, step, activation)
        case Collect():
            return collecting.enter(run, step, activation)
        case End():
            paths.end(run, step)
            return None
        case Join():
            raise AssertionError("a token is held at a join, it does not run it")
        case _:
            assert_never(step)

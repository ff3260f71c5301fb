"""What `GET /v1/instances/{id}` shows of a state beside its row (HTTP API, "Instances"): JSON values."""

from __future__ import annotations

from typing import assert_never

from .calendar.times import rfc3339
from .instance import State, Timer, TimerKind, Token
from .json_values import as_json
from .model import (
    CardOutcome,
    Collect,
    EventOutcome,
    Flow,
    FlowOutcome,
    NotificationOutcome,
    Outcome,
    ProfileOutcome,
    Request,
    SegmentOutcome,
    StartFlow,
    Step,
    TimeOutcome,
    Wait,
)
from .turn.context import card_context


def inspect(flow: Flow, state: State) -> dict[str, object]:
    """`variables`, `steps`, `tokens`, `waits`, `cards`. A wait of an exit has the step null."""
    return {
        "variables": as_json(state.variables),
        "steps": as_json(_steps(state)),
        "tokens": [_token(token) for token in state.tokens],
        "waits": _waits(flow, state) if state.live else [],
        "cards": [
            {"id": card.id, "step": card.step, "template": card.template, "status": card.status.value}
            for card in state.cards
        ],
    }


def _steps(state: State) -> dict[str, dict[str, object]]:
    steps = dict(state.steps)
    for card in state.cards:
        steps[card.step] = {**steps.get(card.step, {}), "card": card_context(card)}
    return steps


def _token(token: Token) -> dict[str, object]:
    shown: dict[str, object] = {"step": token.step, "since": rfc3339(token.since)}
    return shown if token.error is None else {**shown, "error": token.error}


def _waits(flow: Flow, state: State) -> list[dict[str, object]]:
    """What is armed, in the order in which it would be looked at: exits, then waits, oldest token first."""
    waits = [
        _wait(None, exit.on, _due(state.timers, TimerKind.EXIT, exit.on.id))
        for exit in flow.exits
        if not isinstance(exit.on, TimeOutcome) or _due(state.timers, TimerKind.EXIT, exit.on.id) is not None
    ]
    for token in state.tokens:
        step = flow.steps[token.step]
        if token.error is None:
            waits += _of_token(step, token, state.timers)
    return waits


def _of_token(step: Step, token: Token, timers: tuple[Timer, ...]) -> list[dict[str, object]]:
    if isinstance(step, Wait):
        return _armed(step, token, timers)
    own = [timer.due for timer in timers if (timer.of, timer.activation) == (step.id, token.activation)]
    due = rfc3339(min(own)) if own else None
    if isinstance(step, Collect):
        on = f"collect {', '.join(step.events)}: {len(token.items)} of {step.max}"
    elif isinstance(step, Request):
        on = f"request, attempt {token.attempt}"
    elif isinstance(step, StartFlow):
        on = f"flow {step.flow}"
    else:
        return []
    return [{"step": step.id, "outcome": None, "on": on, "due": due}]


def _armed(wait: Wait, token: Token, timers: tuple[Timer, ...]) -> list[dict[str, object]]:
    own = tuple(timer for timer in timers if timer.activation == token.activation)
    armed = [
        _wait(wait.id, outcome, _due(own, TimerKind.OUTCOME, wait.id, outcome.id))
        for outcome in wait.until
        if outcome.id not in token.latched
    ]
    due = _due(own, TimerKind.DEADLINE, wait.id)
    if due is not None:
        armed.append({"step": wait.id, "outcome": None, "on": "deadline", "due": due})
    return armed


def _due(timers: tuple[Timer, ...], kind: TimerKind, of: str, outcome: str = "") -> str | None:
    for timer in timers:
        if (timer.kind, timer.of, timer.outcome) == (kind, of, outcome):
            return rfc3339(timer.due)
    return None


def _wait(step: str | None, outcome: Outcome, due: str | None) -> dict[str, object]:
    return {"step": step, "outcome": outcome.id, "on": _on(outcome), "due": due}


def _on(outcome: Outcome) -> str:
    match outcome:
        case TimeOutcome():
            return "time"
        case CardOutcome():
            return f"card {outcome.of}: {', '.join(sorted(outcome.actions))}"
        case EventOutcome():
            return f"event {outcome.event} ({outcome.match.value})"
        case ProfileOutcome():
            return f"profile: {outcome.when.source}"
        case SegmentOutcome():
            return f"segment {outcome.segment}: {'in' if outcome.member else 'out'}"
        case NotificationOutcome():
            return f"notification of {outcome.of}: {', '.join(sorted(outcome.statuses))}"
        case FlowOutcome():
            return f"flow of {outcome.of}"
        case _:
            assert_never(outcome)

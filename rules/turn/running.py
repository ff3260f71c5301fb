"""How one step succeeds or fails: all of what it did stands, or none of it does (flow format §9.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..conditions import Condition, values_read
from ..errors import EvaluationError, RuleError
from ..instance import Token
from ..model import Next, Step
from .run import Run

AnyStep = TypeVar("AnyStep", bound=Step)


def attempt(
    run: Run, step: AnyStep, activation: int, work: Callable[[Run, AnyStep, int], Next | None]
) -> None:
    """Do the step's work; a token goes to every step that it gives. None: it blocks, or all has ended."""
    mark = run.mark()
    try:
        follow = work(run, step, activation)
        run.check_size()
    except RuleError as error:
        run.undo(mark)
        fail(run, step, activation, error)
    else:
        if follow:
            run.queue.extend(follow)


def fail(run: Run, step: Step, activation: int, error: RuleError) -> None:
    """The token goes on at `on_error`, or is parked with the error."""
    details: dict[str, object] = {"code": error.code, "message": error.message, **error.details}
    for token in run.tokens:
        if token.step == step.id and token.activation == activation:
            run.drop_token(token)
    run.output(step.id, {"runs": activation, "error": details})
    run.note(step.id, "failed", error=details)
    if step.on_error is not None:
        run.queue.extend(step.on_error)
    else:
        park(run, step.id, activation, details)


def park(run: Run, step: str, activation: int, details: dict[str, object]) -> None:
    """The token stays where it failed; the instance is `failed` as long as it does."""
    run.add_token(Token(step, activation, run.now, details))
    run.grow(details)
    run.error = {"step": step, **details}


def holds(run: Run, step: str, what: str, condition: Condition) -> bool:
    """Whether the condition holds. One that fails is false, is counted, and shows the values that it read."""
    try:
        result = condition.holds(run.context)
    except EvaluationError as error:
        run.condition_errors += 1
        details: dict[str, object] = {"code": error.code, "message": error.message}
        run.note(step, f"{what}: error", read=values_read(condition, run.context), error=details)
        return False
    run.note(step, f"{what}: {'yes' if result else 'no'}", read=values_read(condition, run.context))
    return result

"""What an author says of a migration, what is wrong with it, and why an instance stays where it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import StrEnum

import msgspec

from ..documents.problems import child, nearest
from ..errors import RuleError
from ..model import Flow
from ..variables import coerce


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`steps`: old step → new step; those of the same id map by themselves. `variables`: what a variable of
    the new version gets in an instance that has no value for it.
    """

    steps: dict[str, str] = {}
    variables: dict[str, object] = {}


class Reason(StrEnum):
    """Why an instance stays on its version. `busy` passes by itself."""

    BUSY = "busy"
    NO_STEP = "no_step"
    NOT_A_WAIT = "not_a_wait"
    OPEN_CARD = "open_card"
    MISSING_VARIABLE = "missing_variable"
    BAD_VARIABLE = "bad_variable"
    NO_TRIGGER = "no_trigger"
    BAD_TIME = "bad_time"
    TOO_LARGE = "too_large"
    ENDED = "ended"
    MOVED_ON = "moved_on"
    ACTED = "acted"
    BROKEN = "broken"
    FAULT = "fault"


class Stuck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`step` is "" for what concerns the whole instance; `message` is a sentence for people."""

    reason: Reason
    step: str = ""
    message: str


class Stays(Exception):
    """The instance cannot be moved; what was begun of its migration is thrown away."""

    def __init__(self, reason: Reason, message: str, *, step: str = "") -> None:
        super().__init__(reason, message)
        self.stuck = Stuck(reason=reason, step=step, message=message)


class PlanError(msgspec.Struct, frozen=True, kw_only=True):
    pointer: str
    code: str
    message: str


def check_plan(plan: Plan, flow: Flow, known: Collection[str]) -> list[PlanError]:
    """What is wrong with the plan for moving to this flow; `known` are the steps of the older versions."""
    return [*_steps(plan, flow, known), *_variables(plan, flow)]


def _steps(plan: Plan, flow: Flow, known: Collection[str]) -> Iterator[PlanError]:
    for before, after in plan.steps.items():
        pointer = child("/steps", before)
        if before not in known:
            message = f'No older version has a step "{before[:64]}".{nearest(before, known)}'
            yield PlanError(pointer=pointer, code="unknown_step", message=message)
        if after not in flow.steps:
            message = f'The new version has no step "{after[:64]}".{nearest(after, flow.steps)}'
            yield PlanError(pointer=pointer, code="unknown_step", message=message)


def _variables(plan: Plan, flow: Flow) -> Iterator[PlanError]:
    for name, value in plan.variables.items():
        pointer = child("/variables", name)
        variable = flow.variables.get(name)
        if variable is None:
            message = f'The new version has no variable "{name[:64]}".{nearest(name, flow.variables)}'
            yield PlanError(pointer=pointer, code="unknown_variable", message=message)
            continue
        try:
            coerce(variable, value)
        except RuleError as error:
            yield PlanError(pointer=pointer, code=error.code, message=error.message)

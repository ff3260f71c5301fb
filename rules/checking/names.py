"""Names that must differ, and keys that do not go together, in outcomes, cases, arms, exits and times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import UnsetType

from ..documents import flow as written_flow
from ..documents import steps as written
from ..documents.problems import Pointer, Report, child

_WITH_BUTTON: Final = frozenset({"completed", "submitted"})


def check_names(flow: written_flow.Flow, report: Report) -> None:
    _differ((exit.id for exit in flow.exits), report, "/exits")
    for index, exit in enumerate(flow.exits):
        place = child("/exits", index)
        _check_outcome(exit, report, place)
        if exit.next and not isinstance(exit.outcome, UnsetType):
            message = 'An exit ends the instance with "outcome", or goes on at "next".'
            report.add("choose_one", child(place, "outcome"), message)
    for id, step in flow.steps.items():
        _check_step(step, report, child("/steps", id))


def _check_step(step: written.Step, report: Report, pointer: Pointer) -> None:
    match step:
        case written.Wait():
            until = child(pointer, "until")
            _differ((outcome.id for outcome in step.until), report, until)
            for index, outcome in enumerate(step.until):
                _check_outcome(outcome, report, child(until, index))
            _check_need(step, report, pointer)
            if not isinstance(step.deadline, UnsetType):
                _one_time(step.deadline, report, child(pointer, "deadline"))
        case written.Branch():
            _differ((case.id for case in step.cases), report, child(pointer, "cases"))
            _never_next(step, report, pointer, "A branch goes on with its cases and with `else`.")
        case written.Split():
            _differ((arm.id for arm in step.arms), report, child(pointer, "arms"))
            _never_next(step, report, pointer, "A split goes on with its arms.")
        case written.Collect():
            _check_collect(step, report, pointer)
        case written.End():
            _never_next(step, report, pointer, "An end ends the instance.")
        case _:
            return


def _check_need(wait: written.Wait, report: Report, pointer: Pointer) -> None:
    """With `need: all` the step's own `next` runs, otherwise those of its outcomes."""
    if wait.need == "any":
        _never_next(wait, report, pointer, "A wait goes on with its outcomes, unless it has `need: all`.")
        return
    for index, outcome in enumerate(wait.until):
        if outcome.next:
            place = child(child(child(pointer, "until"), index), "next")
            report.add("choose_one", place, "With `need: all` the step's own `next` runs; this one does not.")


def _check_collect(collect: written.Collect, report: Report, pointer: Pointer) -> None:
    """Its time runs from the token's coming, or from the first event, waited for at most `timeout`."""
    if isinstance(collect.duration, UnsetType) == isinstance(collect.until, UnsetType):
        report.add("choose_one", pointer, 'One of "for" and "until" is needed, and only one.')
    has_timeout = not isinstance(collect.timeout, UnsetType)
    if collect.origin == "first" and not has_timeout:
        message = 'With `from: first`, "timeout" says how long the first event is waited for.'
        report.add("missing_key", child(pointer, "timeout"), message)
    if collect.origin == "token" and has_timeout:
        message = '"timeout" ends what waits for its first event: it goes with `from: first`.'
        report.add("has_no_effect", child(pointer, "timeout"), message, at_key=True)


def _never_next(step: written.Step, report: Report, pointer: Pointer, why: str) -> None:
    if step.next:
        message = f"No token takes this `next`. {why}"
        report.add("next_not_taken", child(pointer, "next"), message, at_key=True)


def _check_outcome(outcome: written.Outcome, report: Report, pointer: Pointer) -> None:
    match outcome:
        case written.TimeOutcome():
            _one_time(outcome, report, pointer)
        case written.CardOutcome() if not isinstance(outcome.button, UnsetType):
            _check_button(outcome, report, pointer)
        case _:
            return


def _check_button(outcome: written.CardOutcome, report: Report, pointer: Pointer) -> None:
    """A button narrows what was submitted; an action without one would never satisfy the outcome."""
    actions = [outcome.action] if isinstance(outcome.action, str) else outcome.action
    others = [f'"{action}"' for action in actions if action not in _WITH_BUTTON]
    if others:
        message = f"No button comes with {', '.join(others)}; only what is submitted has one."
        report.add("no_button", child(pointer, "button"), message)


def _one_time(time: written.TimeOutcome | written.Deadline, report: Report, pointer: Pointer) -> None:
    given = [key for key in ("after", "at") if not isinstance(getattr(time, key), UnsetType)]
    if len(given) != 1:
        report.add("choose_one", pointer, 'One of "after" and "at" is needed, and only one.')


def _differ(ids: Iterable[str], report: Report, pointer: Pointer) -> None:
    taken: set[str] = set()
    for index, id in enumerate(ids):
        if id in taken:
            report.add("duplicate_id", child(child(pointer, index), "id"), f'"{id}" is used twice here.')
        taken.add(id)

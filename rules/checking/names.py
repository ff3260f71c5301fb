"""Names that must differ, and keys of which one is to be chosen, in outcomes, cases, exits and times."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UnsetType

from ..documents import flow as written
from ..documents.problems import Pointer, Report, child


def check_names(flow: written.Flow, report: Report) -> None:
    _differ((exit.id for exit in flow.exits), report, "/exits")
    for index, exit in enumerate(flow.exits):
        place = child("/exits", index)
        _check_time(exit, report, place)
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
                _check_time(outcome, report, child(until, index))
            _check_need(step, report, pointer)
            if not isinstance(step.deadline, UnsetType):
                _one_time(step.deadline, report, child(pointer, "deadline"))
        case written.Branch():
            _differ((case.id for case in step.cases), report, child(pointer, "cases"))
        case _:
            return


def _check_need(wait: written.Wait, report: Report, pointer: Pointer) -> None:
    """With `need: all` the step's own `next` runs; otherwise those of its outcomes do, or its own."""
    if wait.need == "any":
        return
    for index, outcome in enumerate(wait.until):
        if outcome.next:
            place = child(child(child(pointer, "until"), index), "next")
            report.add("choose_one", place, "With `need: all` the step's own `next` runs; this one does not.")


def _check_time(outcome: written.Outcome, report: Report, pointer: Pointer) -> None:
    if isinstance(outcome, written.TimeOutcome):
        _one_time(outcome, report, pointer)


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

"""Steps that choose a path or end it: branch and end (flow format §5). Joins are `rules.joins`."""

from __future__ import annotations

from ...instance import Change
from ...model import Branch, End, Next
from ..ending import finish
from ..run import Run
from ..running import holds


def branch(run: Run, step: Branch, activation: int) -> Next:
    """The first case that holds, or every one, else `otherwise`; `case` is the one taken, or a list."""
    taken = []
    for case in step.cases:
        if holds(run, step.id, case.id, case.when):
            taken.append(case)
            if not step.take_every:
                break
    ids = [case.id for case in taken]
    run.output(step.id, {"runs": activation, "case": ids if step.take_every else next(iter(ids), None)})
    run.note(step.id, f"case: {', '.join(ids) or 'else'}")
    if not taken:
        return step.otherwise
    return tuple([follow for case in taken for follow in case.next])


def end(run: Run, step: End) -> None:
    """Complete the instance, whatever else still runs."""
    run.note(step.id, "end")
    finish(run, Change.FINISHED, outcome=step.outcome, cancel_cards="flow" if step.cancel_cards else None)

"""Steps that choose a path or end it: branch, split, decide, limit and end (flow format §5)."""

from __future__ import annotations

from collections.abc import Mapping

from ...calendar.durations import shift
from ...errors import EvaluationError, RuleError
from ...ids import share
from ...instance import Change
from ...ledgers import Passes
from ...limits import KEY_BYTES_MAX
from ...model import Arm, Branch, Decide, End, Limit, Next, Split
from ...tables import Cell, matches
from ...text.printing import text_of
from ...values import Value
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


def split(run: Run, step: Split, activation: int) -> Next:
    """The arm on whose share of the weights the key falls."""
    key = run.base.customer if step.by is None else step.by.value(run.context)
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        raise RuleError("bad_key", "A split goes by text or a number.")
    arm = _arm(step, share(f"{run.base.flow}/{step.id}/{text_of(key)}"))
    run.output(step.id, {"runs": activation, "arm": arm.id})
    run.note(step.id, f"arm: {arm.id}", read={"by": key})
    return arm.next


def _arm(step: Split, at: float) -> Arm:
    left = at * sum(arm.weight for arm in step.arms)
    for arm in step.arms:
        left -= arm.weight
        if left < 0:
            return arm
    # Sums of weights that no double holds exactly may leave a hair's breadth.
    return next(arm for arm in reversed(step.arms) if arm.weight)


def decide(run: Run, step: Decide, activation: int) -> Next:
    """The outputs of the first row that matches, or lists of those of all that do; else the default's."""
    inputs = {name: value.resolve(run.context, run.setting) for name, value in step.inputs.items()}
    hits = []
    for number, row in enumerate(step.rows, start=1):
        if all(_matches(run, step, number, cell, inputs[name]) for name, cell in row.cells.items()):
            hits.append((number, row.then))
            if not step.hit_all:
                break
    given = [then for _, then in hits] or ([step.default] if step.default is not None else [])
    outputs = [_outputs(run, then) for then in given]
    shown = outputs[0] if outputs and not step.hit_all else _lists(outputs)
    run.output(step.id, {"runs": activation, **shown})
    rows = ", ".join(str(number) for number, _ in hits) or ("default" if outputs else "none")
    run.note(step.id, f"rows: {rows}", read=inputs)
    return step.next


def _matches(run: Run, step: Decide, number: int, cell: Cell, value: object) -> bool:
    """A cell whose condition fails is false, like any condition."""
    try:
        return matches(cell, value, run.context)
    except EvaluationError as error:
        run.condition_errors += 1
        details: dict[str, object] = {"code": error.code, "message": error.message}
        run.note(step.id, f"row {number}: error", error=details)
        return False


def _outputs(run: Run, then: Mapping[str, Value]) -> dict[str, object]:
    return {name: value.resolve(run.context, run.setting) for name, value in then.items()}


def _lists(rows: list[dict[str, object]]) -> dict[str, object]:
    """Each output's values, in the order of the rows that give it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row[name] for row in rows if name in row] for name in names}


def limit(run: Run, step: Limit, activation: int) -> Next:
    """Through, at most `max` times in a window that opens with the first pass; else the other way."""
    key = f"{step.id}/{_key(run, step)}"
    passes = run.ledger.passes.get(key)
    if passes is None or shift(passes.opened, step.per, run.setting.zone) <= run.now:
        passes = Passes(run.now, 0)
    passed = passes.count < step.max
    if passed:
        run.write_ledger(run.ledger.with_pass(key, Passes(passes.opened, passes.count + 1)))
    run.output(step.id, {"runs": activation, "passed": passed})
    run.note(step.id, "passed" if passed else f"held back: {step.max} in this window already")
    return step.next if passed else step.otherwise


def _key(run: Run, step: Limit) -> str:
    key = step.key.resolve(run.context, run.setting) if step.key else ""
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        raise RuleError("bad_key", "A limit's key is text or a number.")
    text = text_of(key)
    if len(text.encode()) > KEY_BYTES_MAX:
        raise RuleError("bad_key", f"A key has at most {KEY_BYTES_MAX} bytes.")
    return text


def end(run: Run, step: End) -> None:
    """Complete the instance, whatever else still runs."""
    run.note(step.id, "end")
    finish(run, Change.FINISHED, outcome=step.outcome, cancel_cards="flow" if step.cancel_cards else None)

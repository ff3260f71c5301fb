"""What the new version waits for otherwise, armed as of when it would have been: exits from the start, waits
from when their token came. What has come already counts, and a time that is past comes at once.
"""

from __future__ import annotations

from ..calendar.durations import shift
from ..errors import RuleError
from ..instance import TimerKind, Token
from ..model import Deadline, Exit, TimeOutcome, Wait
from ..turn.advance import arm_exits
from ..turn.outcomes import due_since
from ..turn.run import Run
from ..turn.steps import waits
from .naming import Names
from .plan import Reason, Stays
from .waiting import EXITS, has_same_deadline


def arm(run: Run, names: Names, before: tuple[Token, ...]) -> None:
    """`before` are the tokens as they stood in the old version, in the order of the run's."""
    try:
        _arm_exits(run, names)
        _arm_max_age(run, names)
        for then, token in zip(before, run.base.tokens, strict=True):
            wait = run.flow.steps[token.step]
            if isinstance(wait, Wait) and token.error is None and run.live:
                _arm_wait(run, names, wait, then, token)
    except RuleError as error:
        raise Stays(Reason.BAD_TIME, error.message) from error


def _arm_exits(run: Run, names: Names) -> None:
    unchanged = names.unchanged(EXITS)
    fresh = [exit for exit in run.flow.exits if exit.on.id not in unchanged and not _was_taken(run, exit)]
    arm_exits(run, fresh, since=run.base.started_at)


def _was_taken(run: Run, exit: Exit) -> bool:
    """A time comes once, whatever it is by now."""
    return isinstance(exit.on, TimeOutcome) and f"{EXITS}/{exit.on.id}" in run.fired


def _arm_max_age(run: Run, names: Names) -> None:
    max_age = run.flow.entry.max_age
    if run.live and max_age is not None and max_age != names.old.entry.max_age:
        run.set_timer(shift(run.base.started_at, max_age, run.setting.zone), TimerKind.MAX_AGE, "")


def _arm_wait(run: Run, names: Names, wait: Wait, then: Token, token: Token) -> None:
    if token not in run.tokens:
        return  # an exit took it
    fresh = frozenset([outcome.id for outcome in wait.until]) - names.unchanged(then.step)
    waits.reconsider(run, wait, token, fresh)
    left = waits.token_of(run, wait.id, token.activation)
    if left is None:
        return
    for outcome in wait.timed:
        if outcome.id in fresh and outcome.id not in left.latched:
            _set_timer(run, wait, left, outcome)
    if wait.deadline is not None and not has_same_deadline(names, then.step):
        _set_timer(run, wait, left, wait.deadline)


def _set_timer(run: Run, wait: Wait, token: Token, armed: TimeOutcome | Deadline) -> None:
    due = due_since(run, armed, token.since)
    if due is None:
        return
    if isinstance(armed, TimeOutcome):
        run.set_timer(due, TimerKind.OUTCOME, wait.id, token.activation, armed.id)
    else:
        run.set_timer(due, TimerKind.DEADLINE, wait.id, token.activation)

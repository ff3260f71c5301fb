"""What waits, exits and joins of the old version have taken, and their timers, as the new version has them.

An outcome that has not changed stays armed as it is, with its timer; others are armed anew (`arming.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from ..instance import Missed, Timer, TimerKind
from ..model import Deadline, Join, Step, Wait
from .naming import Names

EXITS = ""
"""In place of a wait step: keys of exits begin with the slash."""


def held(names: Names, held: Iterable[str]) -> tuple[str, ...]:
    """What is another condition by now was not taken yet."""
    kept: dict[str, None] = {}
    for key in held:
        step, _, id = key.partition("/")
        if id in names.unchanged(step):
            kept[f"{names.of(step) if step else EXITS}/{id}"] = None
    return tuple(kept)


def fired(names: Names, fired: dict[str, int]) -> dict[str, int]:
    kept: dict[str, int] = {}
    for key, due in fired.items():
        step, _, id = key.partition("/")
        name = names.heir(step) if step else EXITS
        if name is not None:
            kept[f"{name}/{id}"] = due
    return kept


def joined(names: Names, joined: Iterable[str]) -> tuple[str, ...]:
    heirs = dict.fromkeys([name for join in joined if (name := names.heir(join)) is not None])
    return tuple([name for name in heirs if _absorbs(names.new.steps[name])])


def _absorbs(step: Step) -> bool:
    return isinstance(step, Join) and step.need is not None


def timers(names: Names, timers: Iterable[Timer]) -> tuple[Timer, ...]:
    return tuple([kept for timer in timers if (kept := _timer(names, timer)) is not None])


def missed(names: Names, missed: Iterable[Missed]) -> tuple[Missed, ...]:
    return tuple(_missed(names, missed))


def _missed(names: Names, missed: Iterable[Missed]) -> Iterator[Missed]:
    """A timer that a fault dropped may still come back, unless it is armed anew."""
    for each in missed:
        timer = _timer(names, each.timer) if each.timer is not None else None
        if timer is not None or each.timer is None:
            yield replace(each, timer=timer)


def _timer(names: Names, timer: Timer) -> Timer | None:
    match timer.kind:
        case TimerKind.OUTCOME if timer.outcome in names.unchanged(timer.of):
            return _renamed(names, timer)
        case TimerKind.DEADLINE if has_same_deadline(names, timer.of):
            return _renamed(names, timer)
        case TimerKind.OUTCOME | TimerKind.DEADLINE:
            return None
        case TimerKind.EXIT:
            return timer if timer.of in names.unchanged(EXITS) else None
        case TimerKind.MAX_AGE:
            return timer if names.old.entry.max_age == names.new.entry.max_age else None
        case TimerKind.RETRY | TimerKind.COLLECT | TimerKind.FIRST:
            return None  # of a token that has gone: one that is there is busy
        case _:
            return timer


def _renamed(names: Names, timer: Timer) -> Timer:
    name, activation = names.of(timer.of) or "", names.shifted(timer.of, timer.activation)
    return replace(timer, of=name, activation=activation)


def has_same_deadline(names: Names, step: str) -> bool:
    """Whether the wait of the old version has a deadline, and the one in its place the same."""
    before = _deadline(names.old.steps.get(step))
    after = _deadline(names.new.steps.get(names.of(step) or ""))
    return before is not None and after is not None and (before.after, before.at) == (after.after, after.at)


def _deadline(step: Step | None) -> Deadline | None:
    return step.deadline if isinstance(step, Wait) else None

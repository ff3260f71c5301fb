"""Whether what a script expects is so; if not, a sentence, and how the nearest thing differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

from ..calendar.durations import shift
from ..calendar.times import rfc3339
from ..documents.problems import Pointer
from ..errors import EvaluationError
from ..limits import MISS_COUNT_MAX
from .misses import Context, Difference, Miss, described, misses, nearest_of, told
from .model import Due, Expectation, Kind, Quiet, Ran, Wanted

Thing = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is not as the script says. `pointer` leads to the place in the script."""

    pointer: Pointer
    message: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What happens next by itself."""

    at: int
    what: str


class Seen(Protocol):
    """A simulated server as expectations look at it."""

    @property
    def now(self) -> int: ...
    @property
    def zone(self) -> str:
        """Of the script's first customer."""
        ...

    def things(self, kind: Kind, *, lately: bool) -> Sequence[Thing]:
        """All of a kind, oldest first; `lately`: of those that happened, since the last action."""
        ...

    def ran(self) -> Sequence[str]:
        """The steps of the script's flow that ran since the last action, in order."""
        ...

    def coming(self) -> Coming | None: ...

    def context(self) -> Context:
        """What conditions read beside `value`."""
        ...


def judge(expectation: Expectation, seen: Seen) -> Failure | None:
    match expectation:
        case Wanted():
            return _wanted(expectation, seen)
        case Ran():
            return _ran(expectation, seen)
        case Due():
            return _due(expectation, seen)
        case Quiet():
            return _quiet(expectation, seen)
        case _:
            assert_never(expectation)


# --- things ----------------------------------------------------------------------------------------


def _wanted(wanted: Wanted, seen: Seen) -> Failure | None:
    things = seen.things(wanted.kind, lately=wanted.lately)
    context = seen.context()
    picked = [thing for thing in things if not misses(wanted.picked, thing, context)]
    if wanted.nth is not None:
        picked = _nth(picked, wanted.nth)
    fitting = [thing for thing in picked if not misses(wanted.pattern, thing, context)]
    if wanted.count is None:
        return None if fitting else _none_fits(wanted, things, picked, context)
    if len(fitting) == wanted.count:
        return None
    return _miscounted(wanted, picked, fitting, context)


def _nth(things: list[Thing], nth: int) -> list[Thing]:
    at = nth - 1 if nth > 0 else nth
    return things[at:][:1] if -len(things) <= at < len(things) else []


def _none_fits(wanted: Wanted, things: Sequence[Thing], picked: Sequence[Thing], context: Context) -> Failure:
    kind = wanted.kind.value
    near = nearest_of(wanted.pattern, picked, context)
    if near is None:
        return Failure(pointer=wanted.pointer, message=_nothing_picked(wanted, things))
    closest, missed = near
    several = f", the nearest of {len(picked)}," if len(picked) > 1 else ""
    name = _name(wanted.kind, picked[closest])
    message = f"No {kind} is like that. {name[0].upper()}{name[1:]}{several} differs:"
    return Failure(pointer=wanted.pointer, message=message, differences=_told(missed))


def _nothing_picked(wanted: Wanted, things: Sequence[Thing]) -> str:
    kind = wanted.kind.value
    if not things:
        return f"There is no {kind}{' since the last action' if wanted.lately else ''}."
    others = ", ".join(dict.fromkeys(_name(wanted.kind, thing) for thing in things[:MISS_COUNT_MAX]))
    which = f", number {wanted.nth}" if wanted.nth is not None else ""
    return f"There is no {kind} with {described(wanted.picked)}{which}, only {others}."


def _miscounted(
    wanted: Wanted, picked: Sequence[Thing], fitting: Sequence[Thing], context: Context
) -> Failure:
    found = ", ".join(_name(wanted.kind, thing) for thing in fitting[:MISS_COUNT_MAX])
    noun = wanted.kind.value if wanted.count == 1 else f"{wanted.kind.value}s"
    message = f"Expected {wanted.count or 'no'} such {noun}, found {len(fitting)}"
    others = [thing for thing in picked if thing not in fitting]
    near = nearest_of(wanted.pattern, others, context)
    differences: tuple[Difference, ...] = ()
    if len(fitting) < (wanted.count or 0) and near is not None:
        differences = _told(near[1])
        found = f"{found and found + '; '}{_name(wanted.kind, others[near[0]])} differs"
    message = f"{message}: {found}." if found else f"{message}."
    return Failure(pointer=wanted.pointer, message=message, differences=differences)


def _told(missed: Sequence[Miss]) -> tuple[Difference, ...]:
    return tuple([told(miss) for miss in missed[:MISS_COUNT_MAX]])


def _name(kind: Kind, thing: Thing) -> str:
    match kind:
        case Kind.CARD:
            return f"the {thing['status']} card of {thing['step']}"
        case Kind.INSTANCE:
            return f"the {thing['status']} instance of {thing['flow']}"
        case Kind.EVENT:
            return f"the event {thing['name']}"
        case Kind.REQUEST:
            return f"the request of {thing['of']}, attempt {thing['attempt']},"
        case Kind.NOTIFICATION:
            return f"the {thing['status']} push of {thing['of']}"
        case Kind.CUSTOMER:
            return f"the customer {thing['id']}"
        case Kind.REFUSED:
            return f"a start of {thing['flow']} refused as {thing['reason']}"
        case _:
            assert_never(kind)


# --- steps and time --------------------------------------------------------------------------------


def _ran(ran: Ran, seen: Seen) -> Failure | None:
    steps = seen.ran()
    story = ", ".join(steps) or "none"
    if ran.never:
        wrong = [step for step in ran.steps if step in steps]
        if not wrong:
            return None
        message = f"{' and '.join(wrong)} ran. Since the last action: {story}."
        return Failure(pointer=ran.pointer, message=message)
    left = iter(steps)
    missing = next((step for step in ran.steps if step not in left), None)
    if missing is None:
        return None
    why = "did not run" if missing not in steps else "did not run in this order"
    return Failure(pointer=ran.pointer, message=f"{missing} {why}. Since the last action: {story}.")


def _due(due: Due, seen: Seen) -> Failure | None:
    try:
        at = due.at.resolve(seen.context(), now=seen.now, customer_zone=seen.zone, server_zone=seen.zone)
    except EvaluationError as error:
        return Failure(pointer=due.pointer, message=error.message)
    coming = seen.coming()
    if coming is not None and coming.at == at:
        return None
    expected = "never" if at is None else rfc3339(at)
    actual = "nothing" if coming is None else f"{rfc3339(coming.at)} ({coming.what})"
    difference = Difference("due", expected, actual)
    return Failure(pointer=due.pointer, message="Something else comes next:", differences=(difference,))


def _quiet(quiet: Quiet, seen: Seen) -> Failure | None:
    coming = seen.coming()
    if coming is None:
        return None
    until = None if quiet.duration is None else shift(seen.now, quiet.duration, seen.zone)
    if until is not None and coming.at > until:
        return None
    message = f"At {rfc3339(coming.at)} something happens: {coming.what}."
    return Failure(pointer=quiet.pointer, message=message)

"""Segments: rules over customers, which of them a change concerns, and who is a member (HTTP API).

A rule sees the customer, what happened to them, the constants and the time; not which segments they are in,
so that no segment depends on another. What memberships start and wake is left to the runtime.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from ..calendar.times import to_datetime
from ..conditions import EVENTS, Condition, Window
from ..errors import EvaluationError
from ..limits import CLOCK_LOOK_MS
from ..world import World
from .history import History, Remembered
from .profile import STANDARD, Profile, context

WHOLE: Final = ""
"""Stands among the parts of a profile for all of it: the rule works out by itself what it reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A compiled rule. `parts` are the fields of the profile that it reads, standard and custom by name."""

    source: str
    condition: Condition = field(repr=False)
    parts: frozenset[str]
    windows: frozenset[Window]
    reads_now: bool

    @property
    def is_timed(self) -> bool:
        """Whether time alone can change what it says."""
        return self.reads_now or bool(self.windows)


# ── one customer ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Facts:
    """One customer at one time; no profile: there is no such customer."""

    profile: Profile | None
    history: History
    now: int


def holds(rule: Rule, facts: Facts, world: World) -> bool:
    """EvaluationError where that cannot be said."""
    if facts.profile is None:
        return False
    customer = context(facts.profile)
    del customer["segments"]
    return rule.condition.holds(
        {
            "customer": customer,
            "constants": world.constants,
            "now": to_datetime(facts.now),
            "timezone": world.zone,
            EVENTS: Remembered(facts.history, facts.now),
        }
    )


def next_look(rule: Rule, facts: Facts) -> int | None:
    """When the answer can change next although nothing is written; None for never."""
    past = Remembered(facts.history, facts.now)
    times = [found[0] + window.period_ms for window in rule.windows if (found := past.within(window))]
    if rule.reads_now:
        times.append(facts.now + CLOCK_LOOK_MS)
    return min(times, default=None)


# ── many segments ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """`rule` None: it is going away, and nobody is a member any more. `is_settling`: not everyone was held
    against this rule yet, and who changes only because of that is not news."""

    id: str
    rule: Rule | None
    is_settling: bool = False

    @property
    def is_timed(self) -> bool:
        """Whether time alone can change who is a member."""
        return self.rule is not None and self.rule.is_timed


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`segments` are all that the customer is in now. `entered` and `left` are news: triggers hear of them.

    `errors` counts rules that could not be evaluated, and were false. `next_look`: of the rules looked at.
    """

    segments: tuple[str, ...]
    entered: tuple[str, ...]
    left: tuple[str, ...]
    next_look: int | None
    errors: int


class Segments:
    """The segments of a server, by what concerns them."""

    def __init__(self, segments: Iterable[Segment] = ()) -> None:
        self.by_id: Mapping[str, Segment] = {segment.id: segment for segment in segments}
        by_event: dict[str, list[Segment]] = {}
        self.periods: dict[str, int] = {}
        """For how long the times of each counted event matter, ms."""
        for segment in self.by_id.values():
            for window in _windows(segment):
                by_event.setdefault(window.name, [])
                if segment not in by_event[window.name]:
                    by_event[window.name].append(segment)
                self.periods[window.name] = max(self.periods.get(window.name, 0), window.period_ms)
        self._by_event = {name: tuple(found) for name, found in by_event.items()}

    def __bool__(self) -> bool:
        return bool(self.by_id)

    @cached_property
    def ids(self) -> frozenset[str]:
        """Those that a flow may name."""
        return frozenset(id for id, segment in self.by_id.items() if segment.rule is not None)

    @cached_property
    def all(self) -> tuple[Segment, ...]:
        return tuple(self.by_id.values())

    @cached_property
    def timed(self) -> tuple[Segment, ...]:
        """Those that time alone can change."""
        return tuple(segment for segment in self.all if segment.is_timed)

    def counting(self, event: str) -> tuple[Segment, ...]:
        """Those whose rule asks about events of this name."""
        return self._by_event.get(event, ())

    def reading(self, before: Profile | None, after: Profile) -> tuple[Segment, ...]:
        """Those that may say something else of the customer after the write."""
        if before is None or not self.by_id:
            return self.all
        changed = _changed(before, after)
        return tuple(
            segment
            for segment in self.all
            if segment.rule is not None and not segment.rule.parts.isdisjoint(changed)
        )


def judge(
    segments: Iterable[Segment], facts: Facts, world: World, *, before: Facts | None = None
) -> Judgement:
    """Hold the customer against these segments; `before` is what was so until just now, if that is known."""
    assert facts.profile is not None, "a customer is judged"
    member = set(facts.profile.segments)
    entered: list[str] = []
    left: list[str] = []
    looks: list[int] = []
    errors = 0
    for segment in segments:
        try:
            is_in = segment.rule is not None and holds(segment.rule, facts, world)
        except EvaluationError:
            is_in = False
            errors += 1
        if segment.rule is not None and (at := next_look(segment.rule, facts)) is not None:
            looks.append(at)
        if is_in != (segment.id in member):
            member ^= {segment.id}
            if _is_news(segment, is_in, before, world):
                (entered if is_in else left).append(segment.id)
    return Judgement(
        segments=tuple(sorted(member)),
        entered=tuple(entered),
        left=tuple(left),
        next_look=min(looks, default=None),
        errors=errors,
    )


def _is_news(segment: Segment, is_in: bool, before: Facts | None, world: World) -> bool:
    """Whether the customer has changed, and not just the rule."""
    if not segment.is_settling or segment.rule is None:
        return segment.rule is not None
    if before is None:
        return False
    try:
        was_in = holds(segment.rule, before, world)
    except EvaluationError:
        was_in = False
    return was_in != is_in


def _windows(segment: Segment) -> frozenset[Window]:
    return segment.rule.windows if segment.rule is not None else frozenset()


def _changed(before: Profile, after: Profile) -> set[str]:
    """The parts of the profile that are not what they were, and `WHOLE`."""
    changed = {name for name in STANDARD if getattr(before, name) != getattr(after, name)}
    if "fields" in changed:
        names = before.fields.keys() | after.fields.keys()
        changed |= {name for name in names if before.fields.get(name) != after.fields.get(name)}
    return changed | {WHOLE} if changed else changed

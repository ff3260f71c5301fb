"""The whole flow: one version, ready to run, with what is worked out once for all its turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .outcomes import (
    CardOutcome,
    EventOutcome,
    Exit,
    FlowOutcome,
    Next,
    NotificationOutcome,
    Outcome,
    ProfileOutcome,
    SegmentOutcome,
)
from .steps import Join, Limit, Step, Wait
from .triggers import Entry, Trigger

if TYPE_CHECKING:
    from ..cards.templates import CardTemplate
    from ..notifications import NotificationTemplate
    from ..types import Type

ENDED: Final = "ended"
"""What a child reports to the outcomes that wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    name: str
    type: Type
    is_date: bool = False
    """Its text is a day, `2026-03-01`."""
    required: bool = False
    has_default: bool = False
    default: object = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Who listens to what in a flow, worked out once, so that no turn walks over all steps.

    `joins` in document order. `reports`: the wait steps that a report of (step, what it reports) can matter
    to: a card's action, a notification's status, a child's end. `kept`: by event name, the `since: start`
    outcomes with their wait steps. `profile`: whether anything looks at the profile when it is written.
    """

    joins: tuple[str, ...]
    reports: Mapping[tuple[str, str], tuple[str, ...]]
    kept: Mapping[str, tuple[tuple[str, EventOutcome], ...]]
    profile: bool


def listening(steps: Mapping[str, Step], exits: Sequence[Exit]) -> Listening:
    reports: dict[tuple[str, str], tuple[str, ...]] = {}
    kept: dict[str, tuple[tuple[str, EventOutcome], ...]] = {}
    profile = any(isinstance(exit.on, ProfileOutcome | SegmentOutcome) for exit in exits)
    for step, outcome in _wait_outcomes(steps):
        for heard in _reported(outcome):
            reports[heard] = tuple(dict.fromkeys((*reports.get(heard, ()), step)))
        if isinstance(outcome, EventOutcome) and outcome.since_start:
            kept[outcome.event] = (*kept.get(outcome.event, ()), (step, outcome))
        profile = profile or isinstance(outcome, ProfileOutcome | SegmentOutcome)
    joins = tuple(step.id for step in steps.values() if isinstance(step, Join))
    return Listening(joins=joins, reports=reports, kept=kept, profile=profile)


def _reported(outcome: Outcome) -> list[tuple[str, str]]:
    """What it listens for: (step, what that step's card, notification or child reports)."""
    match outcome:
        case CardOutcome():
            return [(outcome.of, action) for action in sorted(outcome.actions)]
        case NotificationOutcome():
            return [(outcome.of, status) for status in sorted(outcome.statuses)]
        case FlowOutcome():
            return [(outcome.of, ENDED)]
        case _:
            return []


def _wait_outcomes(steps: Mapping[str, Step]) -> Iterator[tuple[str, Outcome]]:
    for step in steps.values():
        if isinstance(step, Wait):
            for outcome in step.until:
                yield step.id, outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One version of one flow, ready to run.

    `version` is the published number, or minus the draft's revision for test instances.
    `reach[s]` holds every step that a token at `s` can still come to (itself only through a cycle), also by
    `on_error`. `reads_customer`: whether anything needs the profile – an expression, template or profile
    outcome that reads `customer`, a filter or `local` that goes by its locale or zone, an `update_customer`
    step; only then is it loaded for a turn. `reads_trigger`: whether anything reads `trigger`; only then is
    the starting event kept. `segments` are those that it names. `listening` and `needs_ledger` are worked out
    here: the latter says whether what the flow remembers of a customer across instances is looked at (entry
    rules, limit steps).
    """

    key: str
    version: int
    name: str = ""
    folder: str = ""
    variables: Mapping[str, Variable] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    entry: Entry = field(default_factory=Entry)
    exits: tuple[Exit, ...] = ()
    start: Next
    steps: Mapping[str, Step]
    cards: Mapping[str, CardTemplate] = field(default_factory=dict)
    notifications: Mapping[str, NotificationTemplate] = field(default_factory=dict)
    reach: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reads_customer: bool = True
    reads_trigger: bool = True
    segments: frozenset[str] = frozenset()
    listening: Listening = field(init=False, repr=False, compare=False)
    needs_ledger: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        limits = any(isinstance(step, Limit) for step in self.steps.values())
        remembers = limits or self.entry.once or self.entry.limit is not None
        object.__setattr__(self, "needs_ledger", remembers)
        object.__setattr__(self, "listening", listening(self.steps, self.exits))

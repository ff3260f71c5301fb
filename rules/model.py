"""A flow as the turn function runs it: compiled, checked, immutable.

`compile.py` makes these values from a document; `decide.py` and its steps read them. Nothing here holds
source text to be parsed later: conditions, expressions, templates and moments are compiled already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, assert_never

if TYPE_CHECKING:
    from .calendar.moments import Duration, Moment
    from .cards.elements import CardTemplate
    from .conditions import Condition, Expression
    from .types import Type
    from .values import Value

Next: TypeAlias = tuple[str, ...]


class Origin(StrEnum):
    """Who raised an event (architecture: "One event, from socket to screen")."""

    BACKEND = "backend"
    APP = "app"
    WEBHOOK = "webhook"
    FLOW = "flow"


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
class EventTrigger:
    """Starts an instance when an event of one of `events` arrives (flow format §3)."""

    name: str
    events: tuple[str, ...]
    origins: frozenset[Origin] = frozenset({Origin.BACKEND, Origin.WEBHOOK, Origin.FLOW})
    when: Condition | None = None
    customer: Value | None = None
    key: Value | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    variables_from: Expression | None = None
    start: Next | None = None
    enabled: bool = True


# --- outcomes (§5.1) -------------------------------------------------------------------------------


class Match(StrEnum):
    CUSTOMER = "customer"
    KEY = "key"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOutcome:
    id: str
    after: Duration | None = None
    at: Moment | None = None
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOutcome:
    id: str
    of: str
    actions: frozenset[str]
    button: str | None = None
    when: Condition | None = None
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOutcome:
    id: str
    event: str
    match: Match = Match.CUSTOMER
    when: Condition | None = None
    since_start: bool = False
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOutcome:
    id: str
    when: Condition
    next: Next = ()


Outcome: TypeAlias = TimeOutcome | CardOutcome | EventOutcome | ProfileOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """An outcome armed for the whole instance (§4): goes on at `on.next`, or ends with `outcome`."""

    on: Outcome
    outcome: str | None = None
    cancel_cards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    after: Duration | None = None
    at: Moment | None = None
    next: Next = ()


# --- steps (§5) ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How long, how high and where a card goes (§7.4). Absent fields keep what the card has."""

    streams: tuple[str, ...] | None = None
    priority: int | None = None
    expires_after: Duration | None = None
    expires_at: Moment | None = None
    publish_at: Moment | None = None
    platforms: tuple[str, ...] | None = None
    containers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBase:
    id: str
    name: str = ""
    next: Next = ()
    on_error: Next | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCard(StepBase):
    card: str
    delivery: Delivery = field(default_factory=Delivery)
    metadata: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCard(StepBase):
    of: str
    card: str | None = None
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCard(StepBase):
    of: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(StepBase):
    """The last three are worked out here: the outcomes that an event can satisfy, by its name; that may be
    satisfied when the wait is entered; that need a timer.
    """

    until: tuple[Outcome, ...]
    need_all: bool = False
    deadline: Deadline | None = None
    close: tuple[str, ...] = ()
    by_event: Mapping[str, tuple[EventOutcome, ...]] = field(init=False, repr=False, compare=False)
    looking_back: tuple[Outcome, ...] = field(init=False, repr=False, compare=False)
    timed: tuple[TimeOutcome, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_event: dict[str, tuple[EventOutcome, ...]] = {}
        for outcome in self.until:
            if isinstance(outcome, EventOutcome):
                by_event[outcome.event] = (*by_event.get(outcome.event, ()), outcome)
        timed = tuple(outcome for outcome in self.until if isinstance(outcome, TimeOutcome))
        object.__setattr__(self, "by_event", by_event)
        object.__setattr__(self, "looking_back", tuple(filter(_looks_back, self.until)))
        object.__setattr__(self, "timed", timed)


def _looks_back(outcome: Outcome) -> bool:
    match outcome:
        case EventOutcome():
            return outcome.since_start
        case TimeOutcome():
            # `after` counts from now: its timer always comes later, in a turn of its own.
            return outcome.after is None
        case CardOutcome() | ProfileOutcome():
            return True
        case _:
            assert_never(outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    when: Condition
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch(StepBase):
    cases: tuple[Case, ...]
    otherwise: Next = ()
    take_every: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Set(StepBase):
    variables: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCustomer(StepBase):
    set: Mapping[str, Value] = field(default_factory=dict)
    add_tags: tuple[Value, ...] = ()
    remove_tags: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Emit(StepBase):
    event: str
    data: Value | None = None
    customer: Value | None = None
    key: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(StepBase):
    need: int | None = None
    """How many arrivals fire it: None is all (§9.3), 1 is any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End(StepBase):
    outcome: str | None = None
    cancel_cards: bool = False


Step: TypeAlias = (
    SendCard | UpdateCard | CancelCard | Wait | Branch | Set | UpdateCustomer | Emit | Join | End
)


# --- the whole -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Who listens to what in a flow, worked out once, so that no turn walks over all steps.

    `joins` in document order. `reports`: the wait steps that a report of (send_card step, action) can matter
    to. `kept`: by event name, the `since: start` outcomes with their wait steps.
    """

    joins: tuple[str, ...]
    reports: Mapping[tuple[str, str], tuple[str, ...]]
    kept: Mapping[str, tuple[tuple[str, EventOutcome], ...]]
    profile: bool


def listening(steps: Mapping[str, Step], exits: Sequence[Exit]) -> Listening:
    reports: dict[tuple[str, str], tuple[str, ...]] = {}
    kept: dict[str, tuple[tuple[str, EventOutcome], ...]] = {}
    profile = any(isinstance(exit.on, ProfileOutcome) for exit in exits)
    for step, outcome in _wait_outcomes(steps):
        match outcome:
            case CardOutcome():
                for heard in ((outcome.of, action) for action in sorted(outcome.actions)):
                    reports[heard] = tuple(dict.fromkeys((*reports.get(heard, ()), step)))
            case EventOutcome():
                if outcome.since_start:
                    kept[outcome.event] = (*kept.get(outcome.event, ()), (step, outcome))
            case ProfileOutcome():
                profile = True
            case TimeOutcome():
                continue
            case _:
                assert_never(outcome)
    joins = tuple(step.id for step in steps.values() if isinstance(step, Join))
    return Listening(joins=joins, reports=reports, kept=kept, profile=profile)


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
    the starting event kept. `listening` is worked out here.
    """

    key: str
    version: int
    name: str = ""
    folder: str = ""
    variables: Mapping[str, Variable] = field(default_factory=dict)
    triggers: tuple[EventTrigger, ...] = ()
    exits: tuple[Exit, ...] = ()
    start: Next
    steps: Mapping[str, Step]
    cards: Mapping[str, CardTemplate] = field(default_factory=dict)
    reach: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reads_customer: bool = True
    reads_trigger: bool = True
    listening: Listening = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "listening", listening(self.steps, self.exits))

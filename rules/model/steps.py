"""Steps: what each is to do, compiled (flow format §5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from .outcomes import (
    Deadline,
    EventOutcome,
    Match,
    Next,
    Outcome,
    TimeOutcome,
)

if TYPE_CHECKING:
    from ..calendar.moments import Duration, Moment
    from ..conditions import Condition, Expression
    from ..tables import Row
    from ..values import Value


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


class Window(StrEnum):
    """What a push does outside the customer's windows: wait, be dropped, or go out all the same."""

    HOLD = "hold"
    DROP = "drop"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardNotification:
    notification: str
    window: Window = Window.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCard(StepBase):
    """`replaces` names a send_card step whose open card this one supersedes."""

    card: str
    delivery: Delivery = field(default_factory=Delivery)
    notify: CardNotification | None = None
    replaces: str | None = None
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
    """Whether it may be satisfied when the wait is entered."""
    if isinstance(outcome, EventOutcome):
        return outcome.since_start
    if isinstance(outcome, TimeOutcome):
        # `after` counts from now: its timer always comes later, in a turn of its own.
        return outcome.after is None
    return True


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
class Arm:
    id: str
    weight: float
    next: Next = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(StepBase):
    """`by` None: by the customer's id."""

    by: Expression | None = None
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide(StepBase):
    """A decision table; `hit_all`: every row that matches counts, not the first alone."""

    inputs: Mapping[str, Value]
    rows: tuple[Row, ...]
    default: Mapping[str, Value] | None = None
    hit_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """After what a failed attempt is made again: `times` more, with growing pauses in ms."""

    times: int
    first_ms: int
    max_ms: int
    statuses: frozenset[int]
    failures: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(StepBase):
    """At most one of `json`, `form`, `body`; `expect` None: any status of 2xx."""

    method: str
    url: Value
    headers: Mapping[str, Value] = field(default_factory=dict)
    query: Mapping[str, Value] = field(default_factory=dict)
    json: Value | None = None
    form: Mapping[str, Value] | None = None
    body: Value | None = None
    credential: str | None = None
    timeout_ms: int
    retry: Retry | None = None
    expect: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(StepBase):
    notification: str
    window: Window = Window.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFlow(StepBase):
    flow: str
    variables: Mapping[str, Value] = field(default_factory=dict)
    customer: Value | None = None
    wait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect(StepBase):
    """Exactly one of `duration` and `until`; with `from_first` they count from the first event, which must
    come within `timeout`."""

    events: tuple[str, ...]
    match: Match = Match.CUSTOMER
    when: Condition | None = None
    duration: Duration | None = None
    until: Moment | None = None
    from_first: bool = False
    timeout: Duration | None = None
    max: int = 100
    include_trigger: bool = False
    if_empty: Next | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(StepBase):
    """Lets a customer through at most `max` times in a window of `per` that opens with the first pass."""

    max: int
    per: Duration
    key: Value | None = None
    otherwise: Next = ()


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
    SendCard
    | UpdateCard
    | CancelCard
    | Wait
    | Branch
    | Split
    | Decide
    | Request
    | Notify
    | UpdateCustomer
    | Set
    | Emit
    | StartFlow
    | Collect
    | Limit
    | Join
    | End
)

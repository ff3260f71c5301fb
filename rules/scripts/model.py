"""A script as it is played: what was written, with its sources compiled, and where each part stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from ..calendar.moments import Duration, Moment
from ..customers.segments import Rule
from ..documents import script as written
from ..documents.problems import Pointer
from ..event_schemas import EventSchema
from ..instance import InstanceStatus
from ..model import Flow, ScheduleTrigger, SegmentTrigger, WebhookTrigger
from ..values import Value
from .patterns import Fields, OneOf, Pattern, Same

# --- what happens ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEvent:
    written: written.Event
    data: Value
    key: Value | None
    time: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartByEvent:
    """`event` pulls a trigger that listens to it."""

    event: PostEvent
    refused: str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBySchedule:
    """The clock goes on to the trigger's next time."""

    flow: Flow
    trigger: ScheduleTrigger
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBySegment:
    """Somebody makes the change of membership that the trigger hears of, or the flow is published anew."""

    flow: Flow
    trigger: SegmentTrigger
    customer: str | None
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartByWebhook:
    """A request comes to the trigger's address, from who may send it."""

    flow: Flow
    trigger: WebhookTrigger
    written: written.Start
    body: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class StartByCall:
    written: written.Start
    key: Value | None
    variables: Value
    metadata: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOnCard:
    written: written.Act
    values: Value
    until: Moment | None
    duration: Duration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCustomer:
    """`id` None: the script's first one."""

    id: str | None
    body: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCustomer:
    """By hand, into a segment or out of it. `customer` None: the script's first one."""

    segment: str
    enters: bool
    customer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelInstance:
    written: written.CancelInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawCard:
    written: written.WithdrawCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """`to`: where a skip goes on."""

    written: written.Retry | written.Skip
    to: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    written: written.Respond
    json: Value | None
    takes: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPush:
    written: written.Push
    takes: Duration


# --- what must be true -----------------------------------------------------------------------------


class Kind(StrEnum):
    """What there is to look at; each is a list of objects as the API shows them."""

    INSTANCE = "instance"
    CARD = "card"
    CUSTOMER = "customer"
    EVENT = "event"
    REQUEST = "request"
    NOTIFICATION = "notification"
    REFUSED = "refused start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Things of a kind that look like `pattern`: so many, or, with `count` None, at least one.

    `picked` are those that are looked at, `nth` only one of them; `lately`: only what happened since the
    script's last action.
    """

    pointer: Pointer
    kind: Kind
    picked: Pattern
    pattern: Pattern
    nth: int | None = None
    count: int | None = None
    lately: bool = False

    @property
    def is_about_failure(self) -> bool:
        fields = self.pattern.fields if isinstance(self.pattern, Fields) else {}
        return self.kind is Kind.INSTANCE and ("error" in fields or _is_failed(fields.get("status")))


def _is_failed(status: Pattern | None) -> bool:
    named = status.choices if isinstance(status, OneOf) else (status,)
    return Same(InstanceStatus.FAILED.value) in named


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """These steps ran since the last action, in this order; or, `never`, none of them did."""

    pointer: Pointer
    steps: tuple[str, ...]
    never: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The next thing to happen by itself happens then."""

    pointer: Pointer
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Nothing happens by itself for so long; None: ever."""

    pointer: Pointer
    duration: Duration | None


Expectation: TypeAlias = Wanted | Ran | Due | Quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    expectations: tuple[Expectation, ...]


# --- the whole -------------------------------------------------------------------------------------

Start: TypeAlias = StartByEvent | StartBySchedule | StartBySegment | StartByWebhook | StartByCall
Action: TypeAlias = (
    PostEvent
    | StartByEvent
    | StartBySchedule
    | StartBySegment
    | StartByWebhook
    | StartByCall
    | ActOnCard
    | WriteCustomer
    | MoveCustomer
    | CancelInstance
    | WithdrawCard
    | Repair
    | Respond
    | ReportPush
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    pointer: Pointer
    after: Duration | None = None
    at: Moment | None = None
    does: Action | Expect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """`flows`: what the server runs, the script's own first. `customers` are bodies by id, in order.

    `segments`: the rules of all that somebody names, by id; `events`: schemas that events must satisfy.
    """

    name: str
    pointer: Pointer
    flows: tuple[Flow, ...]
    customers: Mapping[str, Value]
    at: int
    seed: str
    constants: Mapping[str, object]
    segments: Mapping[str, Rule]
    events: Mapping[str, EventSchema]
    steps: tuple[Step, ...]

    @property
    def expects_failure(self) -> bool:
        """Whether it says of any instance that it has failed, or why."""
        return any(
            isinstance(expectation, Wanted) and expectation.is_about_failure
            for step in self.steps
            if isinstance(step.does, Expect)
            for expectation in step.does.expectations
        )

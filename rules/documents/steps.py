"""Steps as they are written, with the outcomes that waits and exits are made of (flow format §4, §5)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .parts import (
    CardAction,
    ContainerId,
    DurationText,
    FlowKey,
    Key,
    Keys,
    Moment,
    Name,
    Next,
    Part,
    Platform,
    Source,
    Template,
    Title,
)

# --- outcomes and exits (§5.1, §4) -----------------------------------------------------------------


PushStatus = Literal["sent", "failed", "no_device", "dropped", "opened"]
Window = Literal["hold", "drop", "ignore"]


class OutcomeBase(Part, tag_field="type", frozen=True, kw_only=True):
    id: Key
    next: Next = []


class TimeOutcome(OutcomeBase, tag="time", frozen=True, kw_only=True):
    """That time comes."""

    after: DurationText | UnsetType = UNSET
    at: Moment | UnsetType = UNSET


class CardOutcome(OutcomeBase, tag="card", frozen=True, kw_only=True):
    """A card reports what the customer did with it, or how it ended."""

    of: Key
    action: CardAction | Annotated[list[CardAction], Meta(min_length=1)]
    button: Key | UnsetType = UNSET
    when: Source | UnsetType = UNSET


class EventOutcome(OutcomeBase, tag="event", frozen=True, kw_only=True):
    """Such an event arrives."""

    event: Name
    match: Literal["customer", "key", "any"] = "customer"
    when: Source | UnsetType = UNSET
    since: Literal["now", "start"] = "now"


class ProfileOutcome(OutcomeBase, tag="profile", frozen=True, kw_only=True):
    """A condition over the customer's profile holds."""

    when: Source


class SegmentOutcome(OutcomeBase, tag="segment", frozen=True, kw_only=True):
    """The customer is in the segment, or out of it."""

    segment: Key
    member: Literal["in", "out"] = msgspec.field(name="is")


class NotificationOutcome(OutcomeBase, tag="notification", frozen=True, kw_only=True):
    """A notification of a notify or send_card step reports what became of it."""

    of: Key
    status: PushStatus | Annotated[list[PushStatus], Meta(min_length=1)] = msgspec.field(name="is")


class FlowOutcome(OutcomeBase, tag="flow", frozen=True, kw_only=True):
    """The instance that a start_flow step started has ended."""

    of: Key


Outcome = (
    TimeOutcome
    | CardOutcome
    | EventOutcome
    | ProfileOutcome
    | SegmentOutcome
    | NotificationOutcome
    | FlowOutcome
)


class TimeExit(TimeOutcome, tag="time", frozen=True, kw_only=True):
    outcome: Key | UnsetType = UNSET
    cancel_cards: bool = False


class CardExit(CardOutcome, tag="card", frozen=True, kw_only=True):
    outcome: Key | UnsetType = UNSET
    cancel_cards: bool = False


class EventExit(EventOutcome, tag="event", frozen=True, kw_only=True):
    outcome: Key | UnsetType = UNSET
    cancel_cards: bool = False


class ProfileExit(ProfileOutcome, tag="profile", frozen=True, kw_only=True):
    outcome: Key | UnsetType = UNSET
    cancel_cards: bool = False


class SegmentExit(SegmentOutcome, tag="segment", frozen=True, kw_only=True):
    outcome: Key | UnsetType = UNSET
    cancel_cards: bool = False


class NotificationExit(NotificationOutcome, tag="notification", frozen=True, kw_only=True):
    outcome: Key | UnsetType = UNSET
    cancel_cards: bool = False


class FlowExit(FlowOutcome, tag="flow", frozen=True, kw_only=True):
    outcome: Key | UnsetType = UNSET
    cancel_cards: bool = False


Exit = TimeExit | CardExit | EventExit | ProfileExit | SegmentExit | NotificationExit | FlowExit


# --- steps (§5) ------------------------------------------------------------------------------------


class Delivery(Part, frozen=True, kw_only=True):
    """How long, how high and where a card goes (§7.4)."""

    streams: Annotated[list[Key], Meta(max_length=limits.STREAM_COUNT_MAX)] | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=1, le=10)] | UnsetType = UNSET
    expires_after: DurationText | UnsetType = UNSET
    expires_at: Moment | UnsetType = UNSET
    publish_at: Moment | UnsetType = UNSET
    platforms: Annotated[list[Platform], Meta(max_length=limits.PLATFORM_COUNT_MAX)] | UnsetType = UNSET
    containers: Annotated[list[ContainerId], Meta(max_length=limits.CONTAINER_COUNT_MAX)] | UnsetType = UNSET


class StepBase(Part, tag_field="type", frozen=True, kw_only=True):
    name: Title = ""
    next: Next = []
    on_error: Next | UnsetType = UNSET


class CardNotification(Part, frozen=True, kw_only=True):
    """The push that goes out with a card."""

    notification: Key
    window: Window = "hold"


class SendCard(StepBase, tag="send_card", frozen=True, kw_only=True):
    """Creates a card; done once it is created, not when it is seen."""

    card: Key
    delivery: Delivery = Delivery()
    notify: CardNotification | UnsetType = UNSET
    replaces: Key | UnsetType = UNSET
    metadata: dict[str, Any] | Template | UnsetType = UNSET


class UpdateCard(StepBase, tag="update_card", frozen=True, kw_only=True):
    """Renders an open card again with the present context."""

    of: Key
    card: Key | UnsetType = UNSET
    delivery: Delivery | UnsetType = UNSET


class CancelCard(StepBase, tag="cancel_card", frozen=True, kw_only=True):
    """Withdraws open cards of this instance."""

    of: Keys | UnsetType = UNSET


class Deadline(Part, frozen=True, kw_only=True):
    """Ends a wait early."""

    after: DurationText | UnsetType = UNSET
    at: Moment | UnsetType = UNSET
    next: Next = []


class Wait(StepBase, tag="wait", frozen=True, kw_only=True):
    """Blocks until the first of its outcomes, or until all have happened."""

    until: Annotated[list[Outcome], Meta(min_length=1, max_length=limits.OUTCOME_COUNT_MAX)]
    need: Literal["any", "all"] = "any"
    deadline: Deadline | UnsetType = UNSET
    close: Keys = []


class Case(Part, frozen=True, kw_only=True):
    id: Key
    when: Source
    next: Next = []


class Branch(StepBase, tag="branch", frozen=True, kw_only=True):
    """Chooses a path by conditions."""

    cases: Annotated[list[Case], Meta(min_length=1, max_length=limits.OUTCOME_COUNT_MAX)]
    otherwise: Next = msgspec.field(default_factory=list, name="else")
    take: Literal["first", "every"] = "first"


class Set(StepBase, tag="set", frozen=True, kw_only=True):
    """Writes variables."""

    variables: Annotated[dict[Key, Any], Meta(min_length=1, max_length=limits.VARIABLE_COUNT_MAX)]


class UpdateCustomer(StepBase, tag="update_customer", frozen=True, kw_only=True):
    """Writes the customer's profile."""

    set: Annotated[dict[Key, Any], Meta(max_length=limits.VARIABLE_COUNT_MAX)] = {}
    add_tags: Annotated[list[str], Meta(max_length=limits.TAG_COUNT_MAX)] = []
    remove_tags: Annotated[list[str], Meta(max_length=limits.TAG_COUNT_MAX)] = []


class Emit(StepBase, tag="emit", frozen=True, kw_only=True):
    """Raises an event inside the server."""

    event: Name
    data: dict[str, Any] | Template | UnsetType = UNSET
    customer: Any = UNSET
    key: Any = UNSET


class Arm(Part, frozen=True, kw_only=True):
    """One way of a split; of the weights together, `weight` is the share of those who take it."""

    id: Key
    weight: Annotated[float, Meta(ge=0, le=limits.WEIGHT_MAX)]
    next: Next = []


class Split(StepBase, tag="split", frozen=True, kw_only=True):
    """Chooses an arm by a stable hash: the same for the same key."""

    by: Source | UnsetType = UNSET
    arms: Annotated[list[Arm], Meta(min_length=2, max_length=limits.OUTCOME_COUNT_MAX)]


class DecisionRow(Part, frozen=True, kw_only=True):
    """`then` holds if every cell of `if` does; an absent cell matches."""

    cells: dict[Key, Any] = msgspec.field(default_factory=dict, name="if")
    then: dict[Key, Any] = {}


class Decide(StepBase, tag="decide", frozen=True, kw_only=True):
    """Evaluates a decision table."""

    hit: Literal["first", "all"] = "first"
    inputs: Annotated[dict[Key, Any], Meta(min_length=1, max_length=limits.TABLE_INPUTS_MAX)]
    rows: Annotated[list[DecisionRow], Meta(min_length=1, max_length=limits.TABLE_ROWS_MAX)]
    default: dict[Key, Any] | UnsetType = UNSET


class Retry(Part, frozen=True, kw_only=True):
    """`times` further attempts: after `first`, then twice as long each, at most `max`."""

    times: Annotated[int, Meta(ge=0, le=limits.RETRY_TIMES_MAX)] = 3
    first: DurationText = "PT5S"
    max: DurationText = "PT5M"
    on: (
        Annotated[
            list[Annotated[int, Meta(ge=100, le=599)] | Literal["timeout", "connect"]],
            Meta(max_length=limits.RETRY_ON_MAX),
        ]
        | UnsetType
    ) = UNSET


class Request(StepBase, tag="request", frozen=True, kw_only=True):
    """Calls a third-party HTTP API."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = "GET"
    url: Template
    headers: Annotated[dict[str, Template], Meta(max_length=limits.REQUEST_FIELDS_MAX)] = {}
    query: Annotated[dict[str, Any], Meta(max_length=limits.REQUEST_FIELDS_MAX)] = {}
    json: Any = UNSET
    form: Annotated[dict[str, Any], Meta(max_length=limits.REQUEST_FIELDS_MAX)] | UnsetType = UNSET
    body: Template | UnsetType = UNSET
    credential: Key | UnsetType = UNSET
    timeout: DurationText = "PT10S"
    retry: Retry | UnsetType = UNSET
    expect: Source | UnsetType = UNSET


class Notify(StepBase, tag="notify", frozen=True, kw_only=True):
    """Sends a push notification; done once it is queued."""

    notification: Key
    window: Window = "hold"


class StartFlow(StepBase, tag="start_flow", frozen=True, kw_only=True):
    """Starts another flow, for this customer or another."""

    flow: FlowKey
    variables: dict[Key, Any] = {}
    customer: Any = UNSET
    wait: bool = False


class Collect(StepBase, tag="collect", frozen=True, kw_only=True):
    """Gathers events into a list."""

    events: Name | Annotated[list[Name], Meta(min_length=1, max_length=limits.NEXT_COUNT_MAX)]
    match: Literal["customer", "key", "any"] = "customer"
    when: Source | UnsetType = UNSET
    duration: DurationText | UnsetType = msgspec.field(default=UNSET, name="for")
    until: Moment | UnsetType = UNSET
    origin: Literal["token", "first"] = msgspec.field(default="token", name="from")
    timeout: DurationText | UnsetType = UNSET
    max: Annotated[int, Meta(ge=1, le=limits.COLLECTED_MAX)] = 100
    include_trigger: bool = False
    if_empty: Next | UnsetType = UNSET


class Limit(StepBase, tag="limit", frozen=True, kw_only=True):
    """Lets a customer through at most so often, over all instances of the flow."""

    key: Any = UNSET
    max: Annotated[int, Meta(ge=1, le=limits.START_LIMIT_MAX)]
    per: DurationText
    otherwise: Next = msgspec.field(default_factory=list, name="else")


class Join(StepBase, tag="join", frozen=True, kw_only=True):
    """Waits for its incoming branches."""

    need: Literal["all", "any"] | Annotated[int, Meta(ge=1, le=limits.STEP_COUNT_MAX)] = "all"


class End(StepBase, tag="end", frozen=True, kw_only=True):
    """Completes the instance, whatever else still runs."""

    outcome: Key | UnsetType = UNSET
    cancel_cards: bool = False


Step = (
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
UNIONS: Final = (Step, Outcome, Exit)

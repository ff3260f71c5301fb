"""The document as it is written: a Struct for each construct, and the source of its JSON Schema.

What a field holds beyond its shape – expressions, templates, references – is `compile.py`'s business. `LATER`
and `LATER_TYPES` name constructs of the format that this server does not run yet: they are refused by name.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .cards import Card
from .parts import (
    CardAction,
    ContainerId,
    Description,
    DurationText,
    Equals,
    Key,
    Keys,
    Many,
    Moment,
    Name,
    Next,
    Part,
    Platform,
    Source,
    Template,
    Title,
    matching,
)

FlowKey = Annotated[str, matching("^[a-z0-9][a-z0-9-]{0,63}$")]
Folder = Annotated[str, Meta(max_length=limits.FOLDER_CHARS_MAX)]


class Variable(Part, frozen=True, kw_only=True):
    """A value that the instance resolves when it starts (§2)."""

    type: Literal["string", "number", "integer", "boolean", "datetime", "date", "list", "object"]
    default: Any = UNSET
    required: bool = False
    description: Description = ""


# --- triggers (§3) ---------------------------------------------------------------------------------


class TriggerBase(Part, tag_field="type", frozen=True, kw_only=True):
    LATER_TYPES: ClassVar = frozenset({"segment", "schedule", "webhook"})

    when: Source | UnsetType = UNSET
    variables: dict[Key, Any] = {}
    variables_from: Equals | UnsetType = UNSET
    key: Any = UNSET
    start: Next | UnsetType = UNSET
    enabled: bool = True


class EventTrigger(TriggerBase, tag="event", frozen=True, kw_only=True):
    """Starts an instance when such an event arrives."""

    LATER: ClassVar = frozenset({"audience"})

    event: Name | Annotated[list[Name], Meta(min_length=1, max_length=limits.NEXT_COUNT_MAX)]
    customer: Any = UNSET
    origins: Annotated[list[Literal["backend", "webhook", "flow", "app"]], Meta(min_length=1)] = (
        msgspec.field(default_factory=lambda: ["backend", "webhook", "flow"])
    )


# --- outcomes and exits (§5.1, §4) -----------------------------------------------------------------


class OutcomeBase(Part, tag_field="type", frozen=True, kw_only=True):
    LATER_TYPES: ClassVar = frozenset({"segment", "notification", "flow"})

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


Outcome = TimeOutcome | CardOutcome | EventOutcome | ProfileOutcome


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


Exit = TimeExit | CardExit | EventExit | ProfileExit


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
    LATER_TYPES: ClassVar = frozenset(
        {"split", "decide", "request", "notify", "start_flow", "collect", "limit"}
    )

    name: Title = ""
    next: Next = []
    on_error: Next | UnsetType = UNSET


class SendCard(StepBase, tag="send_card", frozen=True, kw_only=True):
    """Creates a card; done once it is created, not when it is seen."""

    LATER: ClassVar = frozenset({"notify", "replaces"})

    card: Key
    delivery: Delivery = Delivery()
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


class Join(StepBase, tag="join", frozen=True, kw_only=True):
    """Waits for its incoming branches."""

    need: Literal["all", "any"] | Annotated[int, Meta(ge=1, le=limits.STEP_COUNT_MAX)] = "all"


class End(StepBase, tag="end", frozen=True, kw_only=True):
    """Completes the instance, whatever else still runs."""

    outcome: Key | UnsetType = UNSET
    cancel_cards: bool = False


Step = SendCard | UpdateCard | CancelCard | Wait | Branch | Set | UpdateCustomer | Emit | Join | End


Point = Annotated[list[float], Meta(min_length=2, max_length=2, description="Where a step is drawn: x, y.")]


# --- the whole (§1) --------------------------------------------------------------------------------


class Flow(Part, frozen=True, kw_only=True):
    """When and how cards reach one customer."""

    LATER: ClassVar = frozenset({"entry", "notifications"})

    flow: FlowKey
    name: Title = ""
    description: Description = ""
    folder: Folder = ""
    variables: Annotated[dict[Key, Variable], Meta(max_length=limits.VARIABLE_COUNT_MAX)] = {}
    triggers: Annotated[dict[Key, EventTrigger], Meta(max_length=limits.TRIGGER_COUNT_MAX)] = {}
    exits: Annotated[list[Exit], Meta(max_length=limits.EXIT_COUNT_MAX)] = []
    start: Key | Many
    steps: Annotated[dict[Key, Step], Meta(min_length=1, max_length=limits.STEP_COUNT_MAX)]
    cards: Annotated[dict[Key, Card], Meta(max_length=limits.CARD_COUNT_MAX)] = {}
    layout: dict[Key, Point] = {}


UNIONS: Final = (Step, Outcome, Exit)

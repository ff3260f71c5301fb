"""Scripts as they are written: what happens in a simulated server, what must then be true (flow format §10).

A flow test has cases; a script for `simulate` is one of them, without a name. What a field holds beyond its
shape – references, expressions, times – is `scripts/loading.py`'s business.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .parts import Description, DurationText, FlowKey, Key, Keys, Moment, Name, Part, Source, Title, matching

CaseName = Annotated[str, matching(r"^\S(.{0,98}\S)?$", "A line that says what is shown.")]
CorrelationKey = Annotated[str, Meta(min_length=1, max_length=limits.KEY_BYTES_MAX)]
ElementName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=limits.ELEMENT_NAME_CHARS_MAX,
        description="As the card names it; of a repeated one with the number of the item: `take_out.2`.",
    ),
]
Nth = Annotated[
    int,
    Meta(ge=-limits.SCRIPT_NTH_MAX, le=limits.SCRIPT_NTH_MAX, description="1 is the first, -1 the last."),
]
Times = Annotated[int, Meta(ge=0, le=limits.SCRIPT_TIMES_MAX)]
Since = Annotated[
    Literal["action", "start"],
    Meta(description="What is looked at: all since the last action of the script, or since its start."),
]
Action = Literal[
    "submit",
    "dismiss",
    "snooze",
    "unsnooze",
    "vote_up",
    "vote_down",
    "link",
    "displayed",
    "subview",
    "video",
]
CardStatus = Literal["embargoed", "active", "snoozed", "completed", "dismissed", "cancelled", "expired"]
InstanceStatus = Literal["running", "failed", "completed", "cancelled", "expired"]
Data = dict[str, Any]


# --- what happens ----------------------------------------------------------------------------------


class Event(Part, frozen=True, kw_only=True):
    """An event comes in. Without `customer` it is about the case's first one; null: about nobody."""

    name: Name
    data: Data = {}
    customer: Name | UnsetType | None = UNSET
    key: CorrelationKey | UnsetType = UNSET
    id: Name | UnsetType = UNSET
    time: Moment | UnsetType = UNSET
    origin: Literal["backend", "app", "webhook", "flow"] = "backend"
    answer: Literal["accepted", "duplicate", "conflict"] = "accepted"


class Start(Part, frozen=True, kw_only=True):
    """An instance is started: by an event, by pulling a trigger, or, with neither, by a call.

    A webhook's trigger takes `body`, `headers` and `query`. At least one instance must start, unless
    `refused` says with which code that is refused (true: with any).
    """

    event: Name | UnsetType = UNSET
    trigger: Key | UnsetType = UNSET
    flow: FlowKey | UnsetType = UNSET
    customer: Name | UnsetType = UNSET
    key: CorrelationKey | UnsetType = UNSET
    data: Data | UnsetType = UNSET
    id: Name | UnsetType = UNSET
    origin: Literal["backend", "app", "webhook", "flow"] | UnsetType = UNSET
    variables: Data | UnsetType = UNSET
    metadata: Data | UnsetType = UNSET
    body: Any = UNSET
    headers: dict[str, str] | UnsetType = UNSET
    query: dict[str, str] | UnsetType = UNSET
    test: bool = False
    refused: Name | bool = False


class Picked(Part, frozen=True, kw_only=True):
    """An instance, by what narrows it down: the script's own flow, unless `flow` names another."""

    flow: FlowKey | UnsetType = UNSET
    customer: Name | UnsetType = UNSET
    key: CorrelationKey | UnsetType = UNSET
    nth: Nth | UnsetType = UNSET


class PickedCard(Picked, frozen=True, kw_only=True):
    """A card of a step: the one that was sent last, unless `nth` says otherwise."""

    of: Key


class Act(PickedCard, frozen=True, kw_only=True):
    """The customer does something to a card, as an app reports it; `answer` is the code that the app gets."""

    action: Action
    button: ElementName | UnsetType = UNSET
    values: Data = {}
    until: Moment | UnsetType = UNSET
    duration: DurationText | UnsetType = msgspec.field(default=UNSET, name="for")
    element: ElementName | UnsetType = UNSET
    reason: Title | UnsetType = UNSET
    message: Title | UnsetType = UNSET
    outdated: bool = False
    answer: Literal["ok", "card_closed", "card_changed", "not_allowed", "invalid_values"] = "ok"


class MoveCustomer(Part, frozen=True, kw_only=True):
    """A customer enters a segment or exits from it, whatever its rule: from now on it has none."""

    enter: Key | UnsetType = UNSET
    exit: Key | UnsetType = UNSET
    customer: Name | UnsetType = UNSET


class CancelInstance(Picked, frozen=True, kw_only=True):
    """An operator cancels an instance."""


class WithdrawCard(PickedCard, frozen=True, kw_only=True):
    """An operator cancels a card."""

    answer: Literal["ok", "card_closed"] = "ok"


class Retry(Picked, frozen=True, kw_only=True):
    """An operator has a parked step tried again; without `step` all of them. `fresh`: under a new key."""

    step: Key | UnsetType = UNSET
    fresh: bool = False


class Skip(Picked, frozen=True, kw_only=True):
    """An operator leads past a parked step, to its `next` or where `to` says; without `step` all of them."""

    step: Key | UnsetType = UNSET
    to: Keys | UnsetType = UNSET


class Answering(Picked, frozen=True, kw_only=True):
    """What is answered to calls of a step: to those that wait, and to the next ones, `times` in all.

    `takes`: how long after the call the answer comes back.
    """

    of: Key
    times: Annotated[int, Meta(ge=1, le=limits.SCRIPT_TIMES_MAX)] = 1
    takes: DurationText = "PT0S"


class Respond(Answering, frozen=True, kw_only=True):
    """A request is answered with a response, or fails with `error`."""

    status: Annotated[int, Meta(ge=100, le=599)] = 200
    headers: dict[str, str] = {}
    json: Any = UNSET
    body: str | UnsetType = UNSET
    error: Literal["timeout", "connect"] | UnsetType = UNSET


class Push(Answering, frozen=True, kw_only=True):
    """What becomes of a push; one of which nothing is said is sent. `opened`: one that was sent before."""

    becomes: Literal["sent", "failed", "no_device", "dropped", "opened"] = msgspec.field(name="is")


# --- what must be true -----------------------------------------------------------------------------


class ExpectInstance(Picked, frozen=True, kw_only=True):
    """An instance is as the API shows it (`GET /v1/instances/{id}`). `at`: where its tokens stand."""

    status: InstanceStatus | Annotated[list[InstanceStatus], Meta(min_length=1)] | UnsetType = UNSET
    outcome: Any = UNSET
    at: Keys | UnsetType = UNSET
    error: Any = UNSET
    version: Any = UNSET
    invocation: Any = UNSET
    test: Any = UNSET
    started_at: Any = UNSET
    ended_at: Any = UNSET
    variables: Any = UNSET
    steps: Any = UNSET
    tokens: Any = UNSET
    waits: Any = UNSET


class CardFields(Picked, frozen=True, kw_only=True):
    """What a card is like, as the API shows it (`GET /v1/cards/{id}`); `contains`: words that it shows."""

    of: Key | UnsetType = UNSET
    status: CardStatus | Annotated[list[CardStatus], Meta(min_length=1)] | UnsetType = UNSET
    contains: str | Annotated[list[str], Meta(min_length=1)] | UnsetType = UNSET
    title: Any = UNSET
    template: Any = UNSET
    priority: Any = UNSET
    streams: Any = UNSET
    platforms: Any = UNSET
    containers: Any = UNSET
    view: Any = UNSET
    data: Any = UNSET
    menu: Any = UNSET
    metadata: Any = UNSET
    runtime_variables: Any = UNSET
    values: Any = UNSET
    button: Any = UNSET
    reason: Any = UNSET
    seen: Any = UNSET
    render: Any = UNSET
    created_at: Any = UNSET
    publish_at: Any = UNSET
    published_at: Any = UNSET
    expires_at: Any = UNSET
    snoozed_until: Any = UNSET
    closed_at: Any = UNSET


class CountCards(CardFields, frozen=True, kw_only=True):
    """So many cards are like that."""

    count: Times


class ExpectEvent(Part, frozen=True, kw_only=True):
    """Such an event was raised, by a flow or by the server (`card.completed`, `instance.failed`, …)."""

    name: Name
    data: Any = UNSET
    customer: Any = UNSET
    key: Any = UNSET
    test: Any = UNSET
    times: Times | UnsetType = UNSET
    since: Since = "action"


class ExpectRequest(Part, frozen=True, kw_only=True):
    """Such a request was made; each attempt is one."""

    of: Key
    flow: FlowKey | UnsetType = UNSET
    attempt: Any = UNSET
    method: Any = UNSET
    url: Any = UNSET
    headers: Any = UNSET
    query: Any = UNSET
    json: Any = UNSET
    form: Any = UNSET
    body: Any = UNSET
    credential: Any = UNSET
    key: Any = UNSET
    times: Times | UnsetType = UNSET
    since: Since = "action"


class ExpectNotification(Part, frozen=True, kw_only=True):
    """Such a push was sent, is held, or was dropped. Its texts are known unless it was dropped at once."""

    of: Key
    flow: FlowKey | UnsetType = UNSET
    status: Any = UNSET
    title: Any = UNSET
    body: Any = UNSET
    data: Any = UNSET
    content: Any = UNSET
    customer: Any = UNSET
    times: Times | UnsetType = UNSET
    since: Since = "action"


class ExpectRefused(Part, frozen=True, kw_only=True):
    """A start was refused. `reason` is the code."""

    reason: Any = UNSET
    detail: Any = UNSET
    flow: Any = UNSET
    since: Since = "action"


class CountInstances(Part, frozen=True, kw_only=True):
    """So many instances are like that."""

    count: Times
    flow: FlowKey | UnsetType = UNSET
    customer: Name | UnsetType = UNSET
    key: CorrelationKey | UnsetType = UNSET
    status: InstanceStatus | Annotated[list[InstanceStatus], Meta(min_length=1)] | UnsetType = UNSET


class Expect(Part, frozen=True, kw_only=True):
    """What must be true now; all of it."""

    instance: ExpectInstance | UnsetType = UNSET
    instances: Times | CountInstances | UnsetType = UNSET
    card: CardFields | UnsetType = UNSET
    no_card: CardFields | UnsetType = UNSET
    cards: Times | CountCards | UnsetType = UNSET
    event: Name | ExpectEvent | UnsetType = UNSET
    no_event: Name | ExpectEvent | UnsetType = UNSET
    request: Key | ExpectRequest | UnsetType = UNSET
    no_request: Key | ExpectRequest | UnsetType = UNSET
    notification: Key | ExpectNotification | UnsetType = UNSET
    no_notification: Key | ExpectNotification | UnsetType = UNSET
    customer: Data | UnsetType = UNSET
    refused: str | ExpectRefused | UnsetType = UNSET
    ran: Keys | UnsetType = UNSET
    not_ran: Keys | UnsetType = UNSET
    due: Moment | UnsetType = UNSET
    quiet: bool | DurationText | UnsetType = UNSET


# --- the script ------------------------------------------------------------------------------------


class Step(Part, frozen=True, kw_only=True):
    """Time passes (`after`, `at`), then one thing happens or is expected; or only one of the two."""

    after: DurationText | UnsetType = UNSET
    at: Moment | UnsetType = UNSET
    event: Name | Event | UnsetType = UNSET
    start: Start | UnsetType = UNSET
    act: Act | UnsetType = UNSET
    customer: Data | UnsetType = UNSET
    segment: MoveCustomer | UnsetType = UNSET
    cancel: CancelInstance | UnsetType = UNSET
    withdraw: WithdrawCard | UnsetType = UNSET
    retry: Retry | UnsetType = UNSET
    skip: Skip | UnsetType = UNSET
    respond: Respond | UnsetType = UNSET
    push: Push | UnsetType = UNSET
    expect: Expect | UnsetType = UNSET


Script = Annotated[list[Step], Meta(max_length=limits.SCRIPT_STEPS_MAX)]
Customers = Annotated[list[Data], Meta(min_length=1, max_length=limits.SCRIPT_CUSTOMERS_MAX)]


class Setting(Part, frozen=True, kw_only=True):
    """What a script begins with. `customer` is the only one; its fields are those of the HTTP API.

    `segments` are rules, in place of those that the flows' folder or server has.
    """

    customer: Data | UnsetType = UNSET
    customers: Customers | UnsetType = UNSET
    at: Annotated[str, Meta(description="An RFC 3339 time.")] | UnsetType = UNSET
    start: Start | UnsetType = UNSET
    constants: Data | UnsetType = UNSET
    segments: Annotated[dict[Key, Source], Meta(max_length=limits.SEGMENT_COUNT_MAX)] | UnsetType = UNSET
    seed: Annotated[str, Meta(max_length=limits.TITLE_CHARS_MAX)] | UnsetType = UNSET


class Case(Setting, frozen=True, kw_only=True):
    """A script with a setting of its own, where it differs from the test's."""

    description: Description = ""
    script: Script = []


class FlowTest(Setting, frozen=True, kw_only=True):
    """The cases of one flow, in `x.test.yaml` beside `x.yaml`. `flows`: others of the folder that run too."""

    flow: FlowKey
    flows: Annotated[list[FlowKey], Meta(max_length=limits.SCRIPT_FLOWS_MAX)] = []
    cases: Annotated[dict[CaseName, Case], Meta(min_length=1, max_length=limits.CASE_COUNT_MAX)]


class Play(Case, frozen=True, kw_only=True):
    """A script by itself, for `simulate`."""

    flows: Annotated[list[FlowKey], Meta(max_length=limits.SCRIPT_FLOWS_MAX)] = []

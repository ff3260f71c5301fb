"""What starts instances, as it is written: triggers, audiences and entry rules (flow format §3, §4)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .parts import DurationText, Equals, Key, Moment, Name, Next, Part, Source, Zone

Origins = Annotated[list[Literal["backend", "webhook", "flow", "app"]], Meta(min_length=1)]


class Audience(Part, frozen=True, kw_only=True):
    """Whom a trigger concerns: exactly one of the first four, narrowed by `when`."""

    customers: Annotated[list[Name], Meta(min_length=1, max_length=limits.AUDIENCE_IDS_MAX)] | UnsetType = (
        UNSET
    )
    segment: Key | UnsetType = UNSET
    tag: Name | UnsetType = UNSET
    all: bool | UnsetType = UNSET
    when: Source | UnsetType = UNSET


class TriggerBase(Part, tag_field="type", frozen=True, kw_only=True):
    when: Source | UnsetType = UNSET
    variables: dict[Key, Any] = {}
    variables_from: Equals | UnsetType = UNSET
    key: Any = UNSET
    start: Next | UnsetType = UNSET
    enabled: bool = True


class EventTrigger(TriggerBase, tag="event", frozen=True, kw_only=True):
    """Starts an instance when such an event arrives: for its customer, another one, or an audience."""

    event: Name | Annotated[list[Name], Meta(min_length=1, max_length=limits.NEXT_COUNT_MAX)]
    customer: Any = UNSET
    audience: Audience | UnsetType = UNSET
    origins: Origins = msgspec.field(default_factory=lambda: ["backend", "webhook", "flow"])


class SegmentTrigger(TriggerBase, tag="segment", frozen=True, kw_only=True):
    """Starts an instance for who enters or leaves a segment; on publish, for every member."""

    segment: Key
    change: Literal["enter", "exit", "publish"]


class ScheduleTrigger(TriggerBase, tag="schedule", frozen=True, kw_only=True):
    """Starts an instance for every member of an audience, once for each occurrence."""

    cron: Annotated[str, Meta(max_length=limits.CRON_CHARS_MAX)] | UnsetType = UNSET
    at: Moment | UnsetType = UNSET
    timezone: Zone = "customer"
    audience: Audience
    jitter: DurationText | UnsetType = UNSET
    catch_up: DurationText = "PT1H"


class Verification(Part, frozen=True, kw_only=True):
    """How a webhook's sender proves who it is; `credential` names a secret of the server."""

    type: Literal["standard_webhooks", "hmac", "bearer", "basic", "none"]
    credential: Key | UnsetType = UNSET


class WebhookTrigger(TriggerBase, tag="webhook", frozen=True, kw_only=True):
    """Starts an instance for the customer whom a request names. Sources read `body`, `headers`, `query`."""

    customer: Any
    id: Any = UNSET
    auth: Verification
    mode: Literal["live", "test"] = "live"


Trigger = EventTrigger | SegmentTrigger | ScheduleTrigger | WebhookTrigger


class StartLimit(Part, frozen=True, kw_only=True):
    """At most `max` starts in any period of that length."""

    max: Annotated[int, Meta(ge=1, le=limits.START_LIMIT_MAX)]
    per: DurationText


class Entry(Part, frozen=True, kw_only=True):
    """Whether a start becomes an instance, beside those that live or lived already."""

    key: Any = UNSET
    per: Literal["customer", "customer_key"] = "customer"
    when_live: Literal["start", "refuse", "replace"] = "start"
    once: bool = False
    limit: StartLimit | UnsetType = UNSET
    max_age: DurationText | UnsetType = UNSET

"""What starts instances: triggers, audiences, and the rules of entry (flow format §3, §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from .outcomes import Next

if TYPE_CHECKING:
    from ..calendar.moments import Duration, Moment
    from ..calendar.schedules import Cron
    from ..conditions import Condition, Expression
    from ..values import Value


class Origin(StrEnum):
    """Who raised an event (architecture: "One event, from socket to screen")."""

    BACKEND = "backend"
    APP = "app"
    WEBHOOK = "webhook"
    FLOW = "flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom a trigger concerns: these customers, a segment's members, who has a tag; none given: everyone."""

    customers: tuple[str, ...] | None = None
    segment: str | None = None
    tag: str | None = None
    when: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerBase:
    name: str
    when: Condition | None = None
    key: Value | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    variables_from: Expression | None = None
    start: Next | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger(TriggerBase):
    """Starts an instance when an event of one of `events` arrives: for its customer, or another, or many."""

    events: tuple[str, ...]
    origins: frozenset[Origin] = frozenset({Origin.BACKEND, Origin.WEBHOOK, Origin.FLOW})
    customer: Value | None = None
    audience: Audience | None = None


class SegmentChange(StrEnum):
    ENTER = "enter"
    EXIT = "exit"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentTrigger(TriggerBase):
    segment: str
    change: SegmentChange


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTrigger(TriggerBase):
    """Exactly one of `cron` and `at`. `zone` is an IANA zone or `customer`; times in ms."""

    cron: Cron | None = None
    at: Moment | None = None
    zone: str = "customer"
    audience: Audience
    jitter_ms: int = 0
    catch_up_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTrigger(TriggerBase):
    """`verification` is how the sender proves who it is, with the secret that `credential` names."""

    customer: Value
    id: Value | None = None
    verification: str
    credential: str | None = None
    is_live: bool = True


Trigger: TypeAlias = EventTrigger | SegmentTrigger | ScheduleTrigger | WebhookTrigger


class WhenLive(StrEnum):
    """What a start does where an instance of the flow lives already."""

    START = "start"
    REFUSE = "refuse"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLimit:
    max: int
    per: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Counts within (flow, customer), or with `per_key` within (flow, customer, key)."""

    key: Value | None = None
    per_key: bool = False
    when_live: WhenLive = WhenLive.START
    once: bool = False
    limit: StartLimit | None = None
    max_age: Duration | None = None

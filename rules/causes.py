"""What pulls a trigger: an event, an occurrence of a schedule, a change of membership, a request to a
webhook.

Causes are values that can be serialised: where a trigger concerns many customers, a job keeps its cause.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from .calendar.times import rfc3339
from .inputs import Event
from .model import Origin
from .turn.context import event_context


class OfEvent(msgspec.Struct, frozen=True, tag="event", array_like=True):
    event: Event


class OfSchedule(msgspec.Struct, frozen=True, tag="schedule", array_like=True):
    """`at`: the time that the schedule names, ms; it may have come earlier."""

    at: int


class OfSegment(msgspec.Struct, frozen=True, tag="segment", array_like=True):
    """`change`: enter, exit or publish; `depth` is that of what changed the membership."""

    segment: str
    change: str
    depth: int = 0


class OfRequest(msgspec.Struct, frozen=True, tag="webhook", array_like=True):
    """A request to a webhook's address. Header names are in lower case; credentials are left out."""

    id: str
    at: int
    body: object
    headers: dict[str, str]
    query: dict[str, str]


Cause: TypeAlias = OfEvent | OfSchedule | OfSegment | OfRequest


def depth_of(cause: Cause) -> int:
    """How many causes it has itself (flow format §9.5)."""
    match cause:
        case OfEvent():
            return cause.event.depth
        case OfSegment():
            return cause.depth
        case OfSchedule() | OfRequest():
            return 0


def names_of(cause: Cause) -> dict[str, object]:
    """What a trigger's sources read of the cause, beside what they all read."""
    match cause:
        case OfEvent():
            return {"event": event_context(cause.event)}
        case OfRequest():
            return {"body": cause.body, "headers": cause.headers, "query": cause.query}
        case OfSchedule() | OfSegment():
            return {}


def event_of(cause: Cause, customer: str) -> Event | None:
    """`trigger.event` of the instance: the event, or the payload of the request as one."""
    match cause:
        case OfEvent():
            return cause.event
        case OfRequest():
            data = cause.body if isinstance(cause.body, dict) else {"body": cause.body}
            return Event(
                id=cause.id,
                name="webhook",
                time=cause.at,
                customer=customer,
                data=data,
                origin=Origin.WEBHOOK,
            )
        case OfSchedule() | OfSegment():
            return None


def metadata_of(cause: Cause) -> dict[str, object]:
    """`trigger.metadata` of the instance."""
    match cause:
        case OfSchedule():
            return {"scheduled_at": rfc3339(cause.at)}
        case OfSegment():
            return {"segment": cause.segment, "change": cause.change}
        case OfEvent() | OfRequest():
            return {}

"""Events of backends: decode at the door, one call, its result as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from actors.commands import EventResult
from rules.inputs import Event
from server.settings import Api

from . import bodies, cloudevents, door
from .door import EventBody
from .routes import Call, Route


class EventsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each event, in the order in which they were sent."""

    accepted: int
    duplicates: int
    results: Sequence[EventResult]


async def post_events(call: Call) -> EventsAnswer:
    raw = await bodies.read(call.request, bytes_max=call.parts.config.api.batch_bytes_max)
    fit = door.fit_to(call.parts.engine.definitions.written_project)
    events = read(raw, call.request.headers, call.parts.config.api, fit)
    return answer_of(await call.parts.engine.accept(events, client=call.client, size_bytes=len(raw)))


def read(raw: bytes, headers: Mapping[str, str], limits: Api, fit: door.Fit) -> list[Event]:
    """The events of a body, whichever way they were sent."""
    media_type = bodies.media_type(headers)
    if "ce-specversion" in headers:
        return cloudevents.read_binary(raw, headers, media_type, limits, fit)
    if media_type == cloudevents.STRUCTURED:
        return cloudevents.read_structured(raw, limits, fit)
    if media_type == cloudevents.BATCH:
        return cloudevents.read_batch(raw, limits, fit)
    return door.read_events(raw, media_type, limits, fit)


def answer_of(results: Sequence[EventResult]) -> EventsAnswer:
    statuses = [result.status for result in results]
    return EventsAnswer(
        accepted=statuses.count("accepted"), duplicates=statuses.count("duplicate"), results=results
    )


ROUTES = (
    Route(
        method="POST",
        path="/v1/events",
        handle=post_events,
        summary="Post one event, an array, NDJSON, or CloudEvents",
        tag="Events and starts",
        role="events",
        raw_types=(
            bodies.JSON,
            bodies.MSGPACK,
            door.NDJSON,
            cloudevents.STRUCTURED,
            cloudevents.BATCH,
        ),
        raw_body=EventBody | list[EventBody],
        status=202,
        answer=EventsAnswer,
        codes=("too_large", "unsupported_type", "overloaded", "unknown_outcome"),
    ),
)

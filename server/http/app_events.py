"""Events that an app sends of its own customer: only names that the configuration allows."""

from __future__ import annotations

from functools import partial
from typing import Final

from server.errors import ApiError

from . import bodies, door
from .events import EventsAnswer, answer_of
from .routes import Call, Route

EVENTS_MAX: Final = 100
"""Of one call: an app sends what its customer just did, not a history."""


async def post_events(call: Call) -> EventsAnswer:
    limits = call.parts.config.api
    raw = await bodies.read(call.request, bytes_max=limits.event_bytes_max)
    media_type = bodies.media_type(call.request.headers)
    if media_type != bodies.JSON and media_type not in bodies.MSGPACK_TYPES:
        raise bodies.unsupported((bodies.JSON, bodies.MSGPACK))
    engine = call.parts.engine
    project = engine.definitions.written_project
    allowed = project.app_events.union(call.parts.config.events.app_events)
    one = partial(door.app_event, customer=call.customer, allowed=allowed)
    make = door.fitting(one, door.fit_to(project))
    if door.is_array(raw, media_type):
        events = door.read_many(raw, door.AppEventBody, make, media_type, limits)
        if len(events) > EVENTS_MAX:
            raise ApiError("too_large", f"An app may send at most {EVENTS_MAX} events at once.")
    else:
        events = [door.read_one(raw, door.AppEventBody, make, media_type, limits)]
    return answer_of(await engine.accept(events, client=call.client, size_bytes=len(raw)))


ROUTES = (
    Route(
        method="POST",
        path="/v1/me/events",
        handle=post_events,
        summary="Send the app's own events",
        tag="App",
        audience="app",
        raw_types=(bodies.JSON, bodies.MSGPACK),
        raw_body=door.AppEventBody | list[door.AppEventBody],
        status=202,
        answer=EventsAnswer,
        codes=("too_large", "unsupported_type", "overloaded", "unknown_outcome"),
    ),
)

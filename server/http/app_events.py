"""Events that an app sends of its own customer: only names that the configuration allows (HTTP API, Events)."""

from __future__ import annotations

from functools import partial

from . import bodies, door
from .events import EventsAnswer, answer_of
from .routes import Call, Route


async def post_events(call: Call) -> EventsAnswer:
    limits = call.parts.config.api
    raw = await bodies.read(call.request, bytes_max=limits.event_bytes_max)
    media_type = bodies.content_type(call.request)
    if media_type != bodies.JSON and media_type not in bodies.MSGPACK_TYPES:
        raise bodies.unsupported((bodies.JSON, bodies.MSGPACK))
    sent, single = door.read_one_or_many(raw, door.AppEventBody, media_type, limits)
    make = partial(
        door.app_event, customer=call.customer, allowed=frozenset(call.parts.config.events.app_events)
    )
    events = door.checked(sent, make, door.Faults(), single=single)
    assert call.token is not None
    return answer_of(await call.parts.engine.accept(events, client=f"app:{call.token.app}"))


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

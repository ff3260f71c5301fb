"""Events of backends and starts of flows: decode at the door, one call, its result as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.commands import EventResult, StartRequest, StartResult, Target
from rules.inputs import Event
from rules.limits import KEY_BYTES_MAX, NAME_BYTES_MAX
from server.settings import Api

from . import bodies, cloudevents, door
from .checks import Faults, check_data, check_text
from .door import EventBody
from .idempotency import key_of
from .refusals import unwrap
from .routes import Call, Route


class EventsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each event, in the order in which they were sent."""

    accepted: int
    duplicates: int
    results: Sequence[EventResult]


class TargetBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a flow is started for."""

    customer: str
    key: str | None = None
    variables: dict[str, Any] = {}
    metadata: dict[str, Any] = {}


class StartBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A start for up to 500 customers. `invocation` groups what it starts; without one it gets one."""

    targets: Annotated[tuple[TargetBody, ...], Meta(min_length=1)]
    invocation: str | None = None


async def post_events(call: Call) -> EventsAnswer:
    raw = await bodies.read(call.request, bytes_max=call.parts.config.api.batch_bytes_max)
    events = read(raw, call.request.headers, call.parts.config.api)
    return answer_of(await call.parts.engine.accept(events, client=call.client, size_bytes=len(raw)))


def read(raw: bytes, headers: Mapping[str, str], limits: Api) -> list[Event]:
    """The events of a body, whichever way they were sent."""
    media_type = bodies.media_type(headers)
    if "ce-specversion" in headers:
        return cloudevents.read_binary(raw, headers, media_type, limits)
    if media_type == cloudevents.STRUCTURED:
        return cloudevents.read_structured(raw, limits)
    if media_type == cloudevents.BATCH:
        return cloudevents.read_batch(raw, limits)
    return door.read_events(raw, media_type, limits)


def answer_of(results: Sequence[EventResult]) -> EventsAnswer:
    statuses = [result.status for result in results]
    return EventsAnswer(
        accepted=statuses.count("accepted"), duplicates=statuses.count("duplicate"), results=results
    )


async def start(call: Call) -> StartResult:
    return await start_as(call, test=False)


async def test(call: Call) -> StartResult:
    """The draft, for test customers only; a target that is none refuses the whole call by name."""
    return await start_as(call, test=True)


async def start_as(call: Call, *, test: bool) -> StartResult:
    body: StartBody = call.body
    check_start(body, targets_max=call.parts.config.api.targets_max)
    request = StartRequest(
        flow=call.path("flow"),
        targets=tuple(
            Target(customer=t.customer, key=t.key, variables=t.variables, metadata=t.metadata)
            for t in body.targets
        ),
        client=call.client,
        invocation=body.invocation,
        test=test,
        idempotency=key_of(call, body),
    )
    return unwrap(await call.parts.engine.start_flow(request))


def check_start(body: StartBody, *, targets_max: int) -> None:
    """The same rules as at the event door, each fault with its place."""
    faults = Faults()
    if len(body.targets) > targets_max:
        faults.add("/targets", "too_many", f"At most {targets_max} targets are started in one call.")
    check_text(body.invocation, NAME_BYTES_MAX, "/invocation", faults)
    for number, target in enumerate(body.targets):
        at = f"/targets/{number}"
        check_text(target.customer, NAME_BYTES_MAX, at + "/customer", faults)
        check_text(target.key, KEY_BYTES_MAX, at + "/key", faults)
        check_data(target.variables, at + "/variables", faults)
        check_data(target.metadata, at + "/metadata", faults)
    faults.end()


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
    Route(
        method="POST",
        path="/v1/flows/{flow}/start",
        handle=start,
        summary="Start a published flow for customers",
        tag="Events and starts",
        role="events",
        body=StartBody,
        status=202,
        answer=StartResult,
        idempotent=True,
        codes=("not_found", "key_reused", "overloaded", "unknown_outcome"),
    ),
    Route(
        method="POST",
        path="/v1/flows/{flow}/test",
        handle=test,
        summary="Start a flow's draft for test customers",
        tag="Events and starts",
        role="events",
        body=StartBody,
        status=202,
        answer=StartResult,
        idempotent=True,
        codes=("not_found", "key_reused", "overloaded", "unknown_outcome"),
    ),
)

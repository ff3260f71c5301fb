"""The event door: from bodies to `Event` values, or every fault of a batch with its place.

A batch is checked whole before anything is taken. What a value may be stands in `checks.py`, the shapes of
CloudEvents in `cloudevents.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from actors.commands import NO_ID, NO_TIME
from rules.inputs import Event
from rules.limits import KEY_BYTES_MAX, NAME_BYTES_MAX
from rules.model import Origin
from rules.project import Project
from server.errors import ApiError, FieldError
from server.settings import Api

from .bodies import JSON, MSGPACK, MSGPACK_TYPES, decode, unsupported
from .checks import Faults, check_data, check_name, check_text, read_time

NDJSON: Final = "application/x-ndjson"
T = TypeVar("T")


class EventBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event as a backend posts it. Without `id` it gets one and is never a repeat; `time` is RFC 3339."""

    name: str
    id: str | None = None
    customer: str | None = None
    key: str | None = None
    time: str | None = None
    data: dict[str, Any] = {}


class AppEventBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event as an app posts it: its customer is the token's, whatever it claims, and it has no key."""

    name: str
    id: str | None = None
    time: str | None = None
    data: dict[str, Any] = {}


Make: TypeAlias = Callable[[T, str, Faults], Event]
"""Makes the event of a body that stands at a pointer; what is wrong goes to the faults."""
Fit: TypeAlias = Callable[[Event, str, Faults], None]
"""Holds an event that stands at a pointer against the schema of its name."""


def no_schema(event: Event, pointer: str, faults: Faults) -> None:
    """For who knows no schemas."""


def fit_to(project: Project) -> Fit:
    """Holds events against the schemas that the project has for them."""
    if not project.events:
        return no_schema

    def fits(event: Event, pointer: str, faults: Faults) -> None:
        schema = project.events.get(event.name)
        for place, message in schema.faults(event.data) if schema else ():
            faults.add(f"{pointer}/data{place}", "not_as_schema", message)

    return fits


def fitting(make: Make[T], fit: Fit) -> Make[T]:
    """Makes what `make` makes, and holds it against its schema."""

    def made(body: T, pointer: str, faults: Faults) -> Event:
        event = make(body, pointer, faults)
        fit(event, pointer, faults)
        return event

    return made


def read_events(raw: bytes, media_type: str, limits: Api, fit: Fit = no_schema) -> list[Event]:
    """The events of one body: one, an array, or NDJSON; JSON or MessagePack."""
    make = fitting(backend_event, fit)
    if media_type == NDJSON:
        return read_lines(raw, EventBody, make, limits)
    if media_type != JSON and media_type not in MSGPACK_TYPES:
        raise unsupported((JSON, MSGPACK, NDJSON, "application/cloudevents+json"))
    if is_array(raw, media_type):
        return read_many(raw, EventBody, make, media_type, limits)
    return [read_one(raw, EventBody, make, media_type, limits)]


def read_one(raw: bytes, kind: type[T], make: Make[T], media_type: str, limits: Api) -> Event:
    if len(raw) > limits.event_bytes_max:
        raise ApiError("too_large", too_large(limits))
    faults = Faults()
    event = make(decode(raw, kind, media_type), "", faults)
    faults.end()
    return event


def read_many(raw: bytes, kind: type[T], make: Make[T], media_type: str, limits: Api) -> list[Event]:
    """The events of an array, each within the bounds of one."""
    faults = Faults()
    try:
        bodies: list[T] = decode(raw, list[kind], media_type)  # type: ignore[valid-type]  # a type at run time
    except ApiError as error:
        if error.code != "invalid":
            raise
        raise all_faults(raw, kind, media_type, error) from None
    check_count(len(bodies), limits)
    events = [make(body, f"/{number}", faults) for number, body in enumerate(bodies)]
    if len(raw) > limits.event_bytes_max:
        check_sizes(raw, media_type, limits, faults)
    faults.end()
    return events


def check_sizes(raw: bytes, media_type: str, limits: Api, faults: Faults) -> None:
    """No event of a large batch may be larger than if it had come alone."""
    for number, item in enumerate(decode(raw, list[msgspec.Raw], media_type)):
        if len(memoryview(item)) > limits.event_bytes_max:
            faults.add(f"/{number}", "too_large", too_large(limits))


def too_large(limits: Api) -> str:
    return f"One event may have at most {limits.event_bytes_max} bytes."


def is_array(raw: bytes, media_type: str) -> bool:
    if media_type in MSGPACK_TYPES:
        return bool(raw) and (raw[0] & 0xF0 == 0x90 or raw[0] in (0xDC, 0xDD))
    return raw.lstrip(b" \t\r\n")[:1] == b"["


def all_faults(raw: bytes, kind: Any, media_type: str, first: ApiError) -> ApiError:
    """Every event of the array that does not fit, not only the first."""
    faults = Faults()
    items: list[msgspec.Raw] = decode(raw, list[msgspec.Raw], media_type)
    for number, item in enumerate(items):
        try:
            decode(bytes(item), kind, media_type)
        except ApiError as error:
            faults.take(f"/{number}", error)
    return ApiError("invalid", first.detail, errors=faults.found or first.errors)


def read_lines(raw: bytes, kind: type[T], make: Make[T], limits: Api) -> list[Event]:
    """One JSON value a line; empty lines hold nothing, but count where a line is named by its number."""
    lines = [(number, line) for number, line in enumerate(raw.split(b"\n")) if line.strip()]
    check_count(len(lines), limits)
    faults = Faults()
    events: list[Event] = []
    for number, line in lines:
        if len(line) > limits.event_bytes_max:
            faults.add(f"/{number}", "too_large", too_large(limits))
            continue
        try:
            events.append(make(decode(line, kind, JSON), f"/{number}", faults))
        except ApiError as error:
            if error.code != "invalid":
                raise ApiError("bad_request", f"Line {number + 1}: {error.detail}") from None
            faults.take(f"/{number}", error)
    faults.end()
    return events


def check_count(count: int, limits: Api) -> None:
    if count > limits.batch_events_max:
        raise ApiError("too_large", f"A batch may hold at most {limits.batch_events_max} events.")
    if count == 0:
        empty = FieldError(pointer="", code="empty", message="The batch is empty.")
        raise ApiError("invalid", empty.message, errors=[empty])


def backend_event(body: EventBody, pointer: str, faults: Faults) -> Event:
    check_name(body.name, pointer + "/name", faults)
    check_text(body.id, NAME_BYTES_MAX, pointer + "/id", faults)
    check_text(body.customer, NAME_BYTES_MAX, pointer + "/customer", faults)
    check_text(body.key, KEY_BYTES_MAX, pointer + "/key", faults)
    if body.data:
        check_data(body.data, pointer + "/data", faults)
    return Event(
        id=NO_ID if body.id is None else body.id,
        name=body.name,
        time=NO_TIME if body.time is None else read_time(body.time, pointer + "/time", faults),
        customer=body.customer,
        key=body.key,
        data=body.data,
    )


def app_event(
    body: AppEventBody, pointer: str, faults: Faults, *, customer: str, allowed: Collection[str]
) -> Event:
    """An event of this customer, whoever else the app may know."""
    check_name(body.name, pointer + "/name", faults)
    if body.name not in allowed:
        faults.add(pointer + "/name", "not_allowed", f"Apps may not send {body.name!r} to this server.")
    check_text(body.id, NAME_BYTES_MAX, pointer + "/id", faults)
    if body.data:
        check_data(body.data, pointer + "/data", faults)
    return Event(
        id=NO_ID if body.id is None else body.id,
        name=body.name,
        time=NO_TIME if body.time is None else read_time(body.time, pointer + "/time", faults),
        customer=customer,
        data=body.data,
        origin=Origin.APP,
    )

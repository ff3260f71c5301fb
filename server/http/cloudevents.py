"""CloudEvents 1.0 over HTTP: structured, batched and binary mode, turned into our events (HTTP API, Events).

`type` → name; extension `customer`, else `subject` → customer; extension `partitionkey` → key; `source` scopes
the id. `data` must be an object, as for every event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from rules.inputs import Event
from rules.limits import KEY_BYTES_MAX
from server.errors import ApiError
from server.settings import Api

from .bodies import JSON, decode
from .door import EventBody, Faults, backend_event, check_count, check_text, checked

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
SPEC_VERSION: Final = "1.0"
HEADER: Final = "ce-"


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The attributes that we read; others are allowed and left alone (CloudEvents §3.1)."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    customer: str | None = None
    partitionkey: str | None = None
    datacontenttype: str | None = None
    data: Any = msgspec.UNSET
    data_base64: str | None = None


def is_binary(headers: Mapping[str, str]) -> bool:
    """Binary mode is told by its headers."""
    return "ce-specversion" in headers


def read_structured(raw: bytes, limits: Api) -> list[Event]:
    if len(raw) > limits.event_bytes_max:
        raise ApiError("too_large", f"One event may have at most {limits.event_bytes_max} bytes.")
    return checked([decode(raw, CloudEvent, JSON)], to_event, Faults(), single=True)


def read_batch(raw: bytes, limits: Api) -> list[Event]:
    events: list[CloudEvent] = decode(raw, list[CloudEvent], JSON)
    check_count(len(events), limits)
    return checked(events, to_event, Faults())


def read_binary(raw: bytes, headers: Mapping[str, str], media_type: str, limits: Api) -> list[Event]:
    """Attributes are headers (percent-encoded, HTTP binding §3.1.3.2), the body is the data."""
    if len(raw) > limits.event_bytes_max:
        raise ApiError("too_large", f"One event may have at most {limits.event_bytes_max} bytes.")
    attributes: dict[str, object] = {
        name.lower().removeprefix(HEADER): unquote(value)
        for name, value in headers.items()
        if name.lower().startswith(HEADER)
    }
    attributes["data"] = decode(raw, dict[str, Any], media_type) if raw else {}
    try:
        event = msgspec.convert(attributes, CloudEvent)
    except msgspec.ValidationError as error:
        raise ApiError("bad_request", f"The ce- headers are not a CloudEvent: {error}.") from None
    return checked([event], to_event, Faults(), single=True)


def to_event(cloud: CloudEvent, pointer: str, faults: Faults) -> Event:
    if cloud.specversion != SPEC_VERSION:
        faults.add(f"{pointer}/specversion", "unsupported", f"Only CloudEvents {SPEC_VERSION} is understood.")
    if cloud.data_base64 is not None:
        faults.add(f"{pointer}/data_base64", "unsupported", "Send `data` as a JSON object.")
    check_text(cloud.source, KEY_BYTES_MAX, f"{pointer}/source", faults)
    data = {} if cloud.data is msgspec.UNSET or cloud.data is None else cloud.data
    if not isinstance(data, dict):
        faults.add(f"{pointer}/data", "wrong_value", "`data` must be an object.")
        data = {}
    body = EventBody(
        id=cloud.id,
        name=cloud.type,
        customer=cloud.subject if cloud.customer is None else cloud.customer,
        key=cloud.partitionkey,
        time=cloud.time,
        data=data,
    )
    return replace(backend_event(body, pointer, faults), source=cloud.source)

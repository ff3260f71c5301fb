"""CloudEvents 1.0 over HTTP: structured, batched and binary mode, turned into our events (HTTP API, Events).

`type` → name; extension `customer`, else `subject` → customer; extension `partitionkey` → key; `source`
scopes the id. `data` must be an object, as for every event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from actors.commands import NO_TIME
from rules.inputs import Event
from rules.limits import KEY_BYTES_MAX, NAME_BYTES_MAX
from server.errors import ApiError
from server.settings import Api

from .bodies import JSON, decode, invalid
from .checks import Faults, check_data, check_name, check_text, read_time
from .door import Fit, fitting, read_many, read_one, too_large

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


def read_structured(raw: bytes, limits: Api, fit: Fit) -> list[Event]:
    return [read_one(raw, CloudEvent, fitting(to_event, fit), JSON, limits)]


def read_batch(raw: bytes, limits: Api, fit: Fit) -> list[Event]:
    return read_many(raw, CloudEvent, fitting(to_event, fit), JSON, limits)


def read_binary(
    raw: bytes, headers: Mapping[str, str], media_type: str, limits: Api, fit: Fit
) -> list[Event]:
    """Attributes are headers (percent-encoded, HTTP binding §3.1.3.2), the body is the data."""
    if len(raw) > limits.event_bytes_max:
        raise ApiError("too_large", too_large(limits))
    attributes: dict[str, object] = {
        name.lower().removeprefix(HEADER): unquote(value)
        for name, value in headers.items()
        if name.lower().startswith(HEADER)
    }
    attributes["data"] = decode(raw, dict[str, Any], media_type) if raw else {}
    try:
        event = msgspec.convert(attributes, CloudEvent)
    except msgspec.ValidationError as error:
        raise invalid(error, CloudEvent) from None
    faults = Faults()
    made = fitting(to_event, fit)(event, "", faults)
    faults.end()
    return [made]


def to_event(cloud: CloudEvent, pointer: str, faults: Faults) -> Event:
    """The event under our names; what is wrong with it under CloudEvents' own."""
    if cloud.specversion != SPEC_VERSION:
        faults.add(f"{pointer}/specversion", "unsupported", f"Only CloudEvents {SPEC_VERSION} is understood.")
    if cloud.data_base64 is not None:
        faults.add(f"{pointer}/data_base64", "unsupported", "Send `data` as a JSON object.")
    check_name(cloud.type, f"{pointer}/type", faults)
    check_text(cloud.id, NAME_BYTES_MAX, f"{pointer}/id", faults)
    check_text(cloud.source, KEY_BYTES_MAX, f"{pointer}/source", faults)
    check_text(cloud.partitionkey, KEY_BYTES_MAX, f"{pointer}/partitionkey", faults)
    customer, place = (cloud.subject, "subject") if cloud.customer is None else (cloud.customer, "customer")
    check_text(customer, NAME_BYTES_MAX, f"{pointer}/{place}", faults)
    return Event(
        id=cloud.id,
        name=cloud.type,
        time=NO_TIME if cloud.time is None else read_time(cloud.time, f"{pointer}/time", faults),
        customer=customer,
        key=cloud.partitionkey,
        data=object_of(cloud, f"{pointer}/data", faults),
        source=cloud.source,
    )


def object_of(cloud: CloudEvent, pointer: str, faults: Faults) -> dict[str, object]:
    """The data: an object, or nothing."""
    if cloud.data is msgspec.UNSET or cloud.data is None:
        return {}
    if not isinstance(cloud.data, dict):
        faults.add(pointer, "wrong_value", "`data` must be an object.")
        return {}
    check_data(cloud.data, pointer, faults)
    return cloud.data

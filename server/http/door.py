"""The event door: from bodies to `Event` values, or every fault of a batch with its place (flow format §1, §3, §6).

A batch is checked whole before anything is taken. Shapes that are not ours – CloudEvents – are in `cloudevents.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from actors.commands import NO_ID, NO_TIME
from rules.errors import RuleError
from rules.inputs import Event
from rules.limits import DOCUMENT_DEPTH_MAX, INTEGER_MAX, KEY_BYTES_MAX, NAME_BYTES_MAX
from rules.model import Origin
from rules.scalars import is_unicode
from rules.times import parse_rfc3339
from server.errors import ApiError, FieldError
from server.settings import Api

from .bodies import JSON, MSGPACK_TYPES, decode, located, unsupported

NDJSON: Final = "application/x-ndjson"
FAULTS_MAX: Final = 100
"""Faults named in one answer: enough to mend a batch, not to repeat it."""
RESERVED: Final = ("card.", "instance.", "notification.", "customer.", "flow.")

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


class Faults:
    """What is wrong in a batch, in order, up to `FAULTS_MAX`."""

    def __init__(self) -> None:
        self.found: list[FieldError] = []

    def add(self, pointer: str, code: str, message: str) -> None:
        if len(self.found) < FAULTS_MAX:
            self.found.append(FieldError(pointer=pointer, code=code, message=message))

    def end(self) -> None:
        """Refuse the whole if anything was found."""
        if self.found:
            first = self.found[0]
            where = first.pointer or "The event"
            raise ApiError("invalid", f"{where}: {first.message}", errors=self.found)


def read_events(raw: bytes, media_type: str, limits: Api) -> list[Event]:
    """The events of one body: one, an array, or NDJSON; JSON or MessagePack."""
    if media_type == NDJSON:
        bodies, faults = read_lines(raw, EventBody, limits)
        return checked(bodies, backend_event, faults)
    if media_type != JSON and media_type not in MSGPACK_TYPES:
        raise unsupported((JSON, "application/msgpack", NDJSON, "application/cloudevents+json"))
    bodies, single = read_one_or_many(raw, EventBody, media_type, limits)
    return checked(bodies, backend_event, Faults(), single=single)


def read_one_or_many(raw: bytes, kind: type[T], media_type: str, limits: Api) -> tuple[list[T], bool]:
    """The decoded bodies, and whether it was a single one."""
    if not is_array(raw, media_type):
        if len(raw) > limits.event_bytes_max:
            raise ApiError("too_large", f"One event may have at most {limits.event_bytes_max} bytes.")
        return [decode(raw, kind, media_type)], True
    try:
        bodies: list[T] = decode(raw, list[kind], media_type)  # type: ignore[valid-type]
    except ApiError as error:
        if error.code != "invalid":
            raise
        raise all_faults(raw, kind, media_type, error) from None
    check_count(len(bodies), limits)
    return bodies, False


def is_array(raw: bytes, media_type: str) -> bool:
    if media_type in MSGPACK_TYPES:
        return bool(raw) and (raw[0] & 0xF0 == 0x90 or raw[0] in (0xDC, 0xDD))
    return raw.lstrip(b" \t\r\n")[:1] == b"["


def all_faults(raw: bytes, kind: Any, media_type: str, first: ApiError) -> ApiError:
    """Every event of the array that does not fit, not only the first."""
    faults = Faults()
    for number, item in enumerate(decode(raw, list[msgspec.Raw], media_type)):
        try:
            decode(bytes(item), kind, media_type)
        except ApiError as error:
            for one in error.errors:
                faults.add(f"/{number}{one.pointer}", one.code, one.message)
    return ApiError("invalid", first.detail, errors=faults.found or first.errors)


def read_lines(raw: bytes, kind: type[T], limits: Api) -> tuple[list[T], Faults]:
    """One JSON value a line; empty lines count for the numbering and hold nothing."""
    lines = raw.split(b"\n")
    check_count(sum(1 for line in lines if line.strip()), limits)
    bodies: list[T] = []
    faults = Faults()
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if len(line) > limits.event_bytes_max:
            faults.add(
                f"/{number}", "too_large", f"One event may have at most {limits.event_bytes_max} bytes."
            )
            continue
        try:
            bodies.append(decode(line, kind, JSON))
        except ApiError as error:
            if error.code != "invalid":
                raise ApiError("bad_request", f"Line {number + 1}: {error.detail}") from None
            for one in error.errors:
                faults.add(f"/{number}{one.pointer}", one.code, one.message)
    return bodies, faults


def check_count(count: int, limits: Api) -> None:
    if count > limits.batch_events_max:
        raise ApiError("too_large", f"A batch may hold at most {limits.batch_events_max} events.")
    if count == 0:
        raise ApiError("invalid", "The batch is empty.")


def checked(
    bodies: Sequence[T], make: Callable[[T, str, Faults], Event], faults: Faults, *, single: bool = False
) -> list[Event]:
    """The events, or one refusal that names all that is wrong."""
    events = [make(body, "" if single else f"/{number}", faults) for number, body in enumerate(bodies)]
    faults.end()
    return events


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
    body: AppEventBody, pointer: str, faults: Faults, *, customer: str, allowed: Iterable[str]
) -> Event:
    check_name(body.name, pointer + "/name", faults)
    if body.name not in allowed:
        faults.add(pointer + "/name", "not_allowed", f"Apps may not send {body.name!r} to this server.")
    check_text(body.id, NAME_BYTES_MAX, pointer + "/id", faults)
    check_data(body.data, pointer + "/data", faults)
    return Event(
        id=NO_ID if body.id is None else body.id,
        name=body.name,
        time=NO_TIME if body.time is None else read_time(body.time, pointer + "/time", faults),
        customer=customer,
        data=body.data,
        origin=Origin.APP,
    )


def check_name(name: str, pointer: str, faults: Faults) -> None:
    check_text(name, NAME_BYTES_MAX, pointer, faults)
    if name.startswith(RESERVED):
        faults.add(
            pointer, "reserved", f"Names that begin with {name.partition('.')[0]}. are the server's own."
        )


def check_text(text: str | None, bytes_max: int, pointer: str, faults: Faults) -> None:
    """Printable UTF-8 of 1 to so many bytes."""
    if text is None or (0 < len(text) <= bytes_max and text.isascii() and text.isprintable()):
        return
    if not text:
        faults.add(pointer, "empty", "It may not be empty.")
    elif not text.isprintable() or not is_unicode(text):
        faults.add(pointer, "not_printable", "Only printable characters are allowed here.")
    elif len(text.encode()) > bytes_max:
        faults.add(pointer, "too_long", f"At most {bytes_max} bytes of UTF-8 are allowed here.")


def read_time(text: str, pointer: str, faults: Faults) -> int:
    try:
        return parse_rfc3339(text)
    except RuleError as error:
        faults.add(pointer, error.code, error.message)
        return NO_TIME


def check_data(value: object, pointer: str, faults: Faults, depth: int = 0) -> None:
    """Untyped data must be exact in every language: no integer beyond 2^53, no NaN, no lone surrogate."""
    kind = type(value)
    if kind is str:
        if not value.isascii() and not is_unicode(value):  # type: ignore[attr-defined, arg-type]
            faults.add(pointer, "not_unicode", "A lone surrogate is no text.")
    elif kind is int:
        if not -INTEGER_MAX <= value <= INTEGER_MAX:  # type: ignore[operator]
            faults.add(pointer, "integer_too_large", "Integers beyond 2^53 are not exact; send text instead.")
    elif kind is float:
        if value - value != 0.0:  # type: ignore[operator]
            faults.add(pointer, "not_a_number", "NaN and infinity are no JSON numbers.")
    elif depth >= DOCUMENT_DEPTH_MAX:
        faults.add(pointer, "too_deep", f"At most {DOCUMENT_DEPTH_MAX} levels are allowed.")
    elif kind is dict:
        for name, item in value.items():  # type: ignore[attr-defined]
            if type(name) is not str or not is_unicode(name):
                faults.add(pointer, "bad_name", "The names in an object must be text.")
                continue
            check_data(item, f"{pointer}/{escape(name)}", faults, depth + 1)
    elif kind is list:
        for number, item in enumerate(value):  # type: ignore[arg-type]
            check_data(item, f"{pointer}/{number}", faults, depth + 1)
    elif value is not None and kind is not bool:
        faults.add(
            pointer, "wrong_value", "Only null, booleans, numbers, text, lists and objects are allowed."
        )


def escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name


__all__ = ["AppEventBody", "EventBody", "app_event", "backend_event", "located", "read_events"]

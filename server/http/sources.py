"""Sources: third parties' webhooks that become ordinary events, and their mappings (HTTP API)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec

from actors.commands import NO_TIME, DropResource, EventResult, PutResource
from actors.engine import Engine
from actors.records import ResourceRow
from actors.resources import SOURCE
from rules.inputs import Event
from rules.sources import EventSource, MappingError, compile_source, events_of
from rules.text.printing import Setting
from server.errors import ApiError, FieldError

from . import bodies
from .answers import instant
from .checks import Faults, check_name
from .credentials import check_name as check_id
from .door import Fit, fit_to
from .hooks import limited
from .refusals import document_error, unwrap
from .requests import headers_of, read_request, receiver, verify
from .routes import Call, Route

TAG: Final = "Sources"
TOKEN_BYTES: Final = 24


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a source: its document as it was sent, and its address."""

    token: str
    source: Any


class SourceItem(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is where its requests go; `source` the mapping as it was written."""

    id: str
    path: str
    source: Any
    revision: int
    created_at: str | None
    updated_at: str | None


class SourcePage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[SourceItem]
    next_cursor: None = None


class SourceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`ignored`: the request becomes no event."""

    status: Literal["accepted", "ignored"]
    results: Sequence[EventResult] = ()


_kept = msgspec.json.Decoder(Kept)


def item(row: ResourceRow) -> SourceItem:
    kept = _kept.decode(row.document)
    return SourceItem(
        id=row.id,
        path=f"/v1/sources/{kept.token}",
        source=kept.source,
        revision=row.revision,
        created_at=instant(row.created_at),
        updated_at=instant(row.updated_at),
    )


# ── requests ───────────────────────────────────────────────────────────────────────────────────────────


async def receive(call: Call) -> SourceAnswer:
    """Unknown and paused addresses are the same 404."""
    token, engine = call.path("source"), call.parts.engine
    found = find(engine, token)
    if found is None or found[1].paused:
        raise ApiError("not_found", "There is nothing at this address.")
    id, source = found
    limited(call, token)
    raw = await bodies.read(call.request, bytes_max=call.parts.config.api.event_bytes_max)
    now, headers = call.parts.clock.now(), headers_of(call.request)
    secret = verify(call, headers, raw, kind=source.verification, credential=source.credential, now=now)
    request_id = headers.get("webhook-id", "")[:128]
    request = read_request(call.request, raw, headers, secret, id=request_id, now=now)
    flows = call.parts.config.flows
    try:
        setting = Setting(flows.locale, flows.timezone)
        events = events_of(source, request, constants=flows.constants, setting=setting)
    except MappingError as error:
        wrong = FieldError(pointer=error.pointer, code=error.code, message=error.message)
        raise ApiError(
            "invalid", f"The mapping cannot read this request: {error.message}", errors=[wrong]
        ) from None
    if not events:
        return SourceAnswer(status="ignored")
    check_events(events, fit_to(engine.definitions.written_project))
    # The time at which a repeat came would make another event of it.
    untimed = [msgspec.structs.replace(event, time=NO_TIME) for event in events]
    results = await engine.accept(untimed, client=f"source:{id}", size_bytes=len(raw))
    return SourceAnswer(status="accepted", results=results)


def check_events(events: Sequence[Event], fit: Fit) -> None:
    """Names that a mapping computes are held to the same rules as those of backends."""
    faults = Faults()
    for index, event in enumerate(events):
        check_name(event.name, f"/events/{index}/name", faults)
        fit(event, f"/events/{index}", faults)
    faults.end()


def find(engine: Engine, token: str) -> tuple[str, EventSource] | None:
    """The source at the address, compiled. There are few: they are looked through."""
    for row in engine.resources.of(SOURCE):
        if secrets.compare_digest(_kept.decode(row.document).token, token):
            return row.id, compiled(row.document)
    return None


@lru_cache(maxsize=256)
def compiled(document: bytes) -> EventSource:
    source = compile_source(_kept.decode(document).source)
    assert isinstance(source, EventSource), "it was checked when it was written"
    return source


# ── mappings ───────────────────────────────────────────────────────────────────────────────────────────


async def list_sources(call: Call) -> SourcePage:
    return SourcePage(items=[item(row) for row in call.parts.engine.resources.of(SOURCE)])


async def get_source(call: Call) -> SourceItem:
    return item(stored(call))


def stored(call: Call) -> ResourceRow:
    id = call.path("source")
    row = call.parts.engine.resources.find(SOURCE, id)
    if row is None:
        raise ApiError("not_found", f"There is no source {id[:64]!r}.")
    return row


async def put_source(call: Call) -> SourceItem:
    """A new mapping keeps the address."""
    id = check_id(call.path("source"))
    source = compile_source(call.body)
    if not isinstance(source, EventSource):
        raise document_error(source, "The source has errors.")
    row = call.parts.engine.resources.find(SOURCE, id)
    token = new_token() if row is None else _kept.decode(row.document).token
    return await written(call, id, Kept(token=token, source=call.body))


async def rotate(call: Call) -> SourceItem:
    """A new address; the old one is gone."""
    row = stored(call)
    kept = _kept.decode(row.document)
    return await written(call, row.id, msgspec.structs.replace(kept, token=new_token()))


async def written(call: Call, id: str, kept: Kept) -> SourceItem:
    write = PutResource(kind=SOURCE, id=id, document=msgspec.json.encode(kept), by=call.client)
    return item(unwrap(await call.parts.engine.write_resource(write)))


async def drop_source(call: Call) -> SourceItem:
    write = DropResource(kind=SOURCE, id=call.path("source"), by=call.client)
    return item(unwrap(await call.parts.engine.write_resource(write)))


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def _route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    fields = {
        "role": "author",
        "answer": SourceItem,
        "codes": ("not_found", "overloaded", "unknown_outcome"),
        **rest,
    }
    return Route(method=method, path=path, handle=handle, summary=summary, tag=TAG, **fields)


ROUTES = (
    receiver(
        "/v1/sources/{source}", receive, "A third party's webhook, as events", answer=SourceAnswer, tag=TAG
    ),
    _route("GET", "/v1/sources", list_sources, "List sources", answer=SourcePage, codes=()),
    _route("GET", "/v1/sources/{source}", get_source, "One source"),
    _route("PUT", "/v1/sources/{source}", put_source, "Write a source", body=dict[str, Any]),
    _route("DELETE", "/v1/sources/{source}", drop_source, "Remove a source"),
    _route("POST", "/v1/sources/{source}/rotate", rotate, "Give a source another address"),
)

"""Instances for operators: list, one, timeline, cancel (HTTP API, Instances and cards)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from actors.ports import InstanceFilter
from actors.records import InstanceRow, TimelineRow
from actors.timeline import TimelineEntry
from rules.effects import StepTrace
from rules.inputs import EventArrived, Input, Started
from rules.inspect import inspect
from rules.instance import State
from rules.json_values import as_json
from rules.model import Flow
from server.errors import ApiError

from .answers import instant
from .lists import PageQuery, bad_cursor, page_size, row_cursor
from .routes import Call, Route

TAG = "Instances"
VERSION_MAX = (1 << 31) - 1
"""Of a flow; negative numbers are revisions of its draft."""
VersionName: TypeAlias = Annotated[int, Meta(ge=-VERSION_MAX, le=VERSION_MAX)] | Literal["draft"]
StatusName: TypeAlias = Literal["running", "failed", "completed", "cancelled", "expired"]
_state = msgspec.msgpack.Decoder(State)
_entry = msgspec.msgpack.Decoder(TimelineEntry)


class InstanceItem(msgspec.Struct, frozen=True, kw_only=True):
    """An instance as lists show it. `version` is "draft" for a test of a draft."""

    id: str
    flow: str
    version: int | Literal["draft"]
    customer: str
    key: str | None
    invocation: str
    status: str
    outcome: str | None
    error: str | None
    test: bool
    started_at: str | None
    ended_at: str | None


class InstanceDetail(InstanceItem, frozen=True, kw_only=True):
    """An instance with what its state holds."""

    variables: dict[str, Any]
    steps: dict[str, Any]
    tokens: list[dict[str, Any]]
    waits: list[dict[str, Any]]
    cards: list[dict[str, Any]]


class InstancePage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[InstanceItem]
    next_cursor: str | None


class InstanceQuery(PageQuery, frozen=True, kw_only=True):
    """`version`: a number, or "draft" for the tests of every revision of the draft; `error`: a code."""

    flow: str | None = None
    version: VersionName | None = None
    customer: str | None = None
    status: StatusName | None = None
    key: str | None = None
    step: str | None = None
    error: str | None = None
    invocation: str | None = None
    test: bool | None = None


class TurnItem(msgspec.Struct, frozen=True, kw_only=True):
    """One turn: what came in, the steps that ran with the values that they read, what was ordered."""

    seq: int
    at: str | None
    input: dict[str, Any]
    steps: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    status: str
    shortened: bool = False


class TimelinePage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[TurnItem]
    next_cursor: str | None


def item(row: InstanceRow) -> InstanceItem:
    return InstanceItem(**_columns(row))


def _columns(row: InstanceRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "flow": row.flow,
        "version": row.version if row.version > 0 else "draft",
        "customer": row.customer,
        "key": row.key,
        "invocation": row.invocation,
        "status": row.status,
        "outcome": row.outcome,
        "error": row.error,
        "test": row.test,
        "started_at": instant(row.started_at),
        "ended_at": instant(row.ended_at),
    }


async def list_instances(call: Call) -> InstancePage:
    query: InstanceQuery = call.query
    limit = page_size(call, query.limit)
    given = msgspec.structs.asdict(query) | {"limit": limit, "cursor": row_cursor(query.cursor)}
    rows, cursor = await call.parts.store.instances(InstanceFilter(**given))
    return InstancePage(items=[item(row) for row in rows], next_cursor=cursor)


async def found(call: Call) -> InstanceRow:
    id = call.path("instance")
    row = await call.parts.store.instance(id)
    if row is None:
        raise ApiError("not_found", f"There is no instance {id[:64]!r}.")
    return row


async def get_instance(call: Call) -> InstanceDetail:
    return await detail(call, await found(call))


async def detail(call: Call, row: InstanceRow) -> InstanceDetail:
    """The row beside what its state says in the words of its flow."""
    version = call.parts.engine.definitions.version(row.flow, row.version)
    await call.parts.engine.definitions.prepare([version])
    if version.flow is None:
        raise ApiError("conflict", f"The instance's version cannot be read: {version.broken}")
    return detail_of(row, version.flow)


def detail_of(row: InstanceRow, flow: Flow) -> InstanceDetail:
    shown: dict[str, Any] = inspect(flow, _state.decode(row.state))
    return InstanceDetail(**_columns(row), **shown)


async def timeline(call: Call) -> TimelinePage:
    """Oldest first: a story."""
    row = await found(call)
    query: PageQuery = call.query
    limit = page_size(call, query.limit)
    after = row_cursor(query.cursor)
    try:
        # One more than is shown says whether another page follows.
        rows = await call.parts.store.timeline(
            row.id, after=-1 if after is None else int(after), limit=limit + 1
        )
    except ValueError:
        raise bad_cursor() from None
    shown = rows[:limit]
    cursor = str(shown[-1].turn) if len(rows) > limit else None
    return TimelinePage(items=[turn(entry) for entry in shown], next_cursor=cursor)


def turn(row: TimelineRow) -> TurnItem:
    entry = _entry.decode(row.entry)
    return TurnItem(
        seq=row.turn,
        at=instant(row.at),
        input=shown_input(entry.input),
        steps=[shown_step(line) for line in entry.steps],
        effects=[msgspec.to_builtins(effect) for effect in entry.effects],
        status=entry.status,
        shortened=entry.shortened,
    )


def shown_input(input: Input) -> dict[str, Any]:
    """The input in the words of the API: the instant of its event as text."""
    shown: dict[str, Any] = as_json(msgspec.to_builtins(input))  # type: ignore[assignment]  # a struct
    if isinstance(input, EventArrived | Started) and input.event is not None:
        shown["event"]["time"] = instant(input.event.time)
    return shown


def shown_step(line: StepTrace) -> dict[str, Any]:
    shown = {"step": line.step, "result": line.result, "read": as_json(line.read)}
    return shown if line.error is None else {**shown, "error": as_json(line.error)}


async def cancel(call: Call) -> InstanceItem:
    """Ends it, and its open cards with it; one that has ended stays as it is."""
    id = call.path("instance")
    row = await call.parts.engine.cancel(id, by=call.client)
    if row is None:
        raise ApiError("not_found", f"There is no instance {id[:64]!r}.")
    return item(row)


def _route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(method=method, path=path, handle=handle, summary=summary, tag=TAG, role="operate", **rest)


ROUTES = (
    _route(
        "GET", "/v1/instances", list_instances, "List instances", query=InstanceQuery, answer=InstancePage
    ),
    _route(
        "GET",
        "/v1/instances/{instance}",
        get_instance,
        "One instance",
        answer=InstanceDetail,
        codes=("not_found",),
    ),
    _route(
        "GET",
        "/v1/instances/{instance}/timeline",
        timeline,
        "Every turn of an instance",
        query=PageQuery,
        answer=TimelinePage,
        codes=("not_found",),
    ),
    _route(
        "POST",
        "/v1/instances/{instance}/cancel",
        cancel,
        "Cancel an instance",
        answer=InstanceItem,
        codes=("not_found", "overloaded", "unknown_outcome"),
    ),
)

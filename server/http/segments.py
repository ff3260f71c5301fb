"""Segments: what authors write and read, and operators look at with their members (HTTP API, Customers)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.commands import ChangeSegment, CreateSegment, DropSegment, SegmentWrite
from actors.job_specs import OPEN
from actors.ports import CustomerFilter
from actors.records import ResourceRow
from actors.segments import KIND, decode_document
from rules.limits import DESCRIPTION_CHARS_MAX, EXPRESSION_SOURCE_BYTES_MAX, TITLE_CHARS_MAX
from server.errors import ApiError, ErrorCode, FieldError

from .answers import instant
from .customers import CustomerPage
from .customers import item as customer_item
from .idempotency import key_of
from .lists import PageQuery, page, page_size, row_cursor
from .refusals import unwrap
from .routes import Answer, Call, Route

TAG = "Segments"
Rule = Annotated[str, Meta(min_length=1, max_length=EXPRESSION_SOURCE_BYTES_MAX)]
Name = Annotated[str, Meta(max_length=TITLE_CHARS_MAX)]
Description = Annotated[str, Meta(max_length=DESCRIPTION_CHARS_MAX)]


class SegmentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rule`: CEL over `customer`, `constants`, `now` and `events("order.paid", "P30D")` with `.count()`,
    `.first()`, `.last()`. `fire`: triggers hear of those whom the rule finds now; else only of those who
    change later."""

    id: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
    rule: Rule
    name: Name = ""
    description: Description = ""
    fire: bool = False


class SegmentPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Absent fields stay as they are. A rule that is given is held against everyone anew."""

    rule: Rule | None = None
    name: Name | None = None
    description: Description | None = None
    fire: bool = False


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The job that holds everyone against the rule, or lets all members go."""

    job: str
    state: str
    done: int
    total: int | None


class SegmentItem(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: `ready`; `settling` while everyone is held against a new rule; `stopped` if that was stopped;
    `removing`; `broken` (`problem` says why) if this server cannot use the rule any more."""

    id: str
    name: str
    description: str
    rule: str
    state: Literal["ready", "settling", "stopped", "removing", "broken"]
    problem: str | None
    progress: Progress | None
    created_at: str | None
    updated_at: str | None


class SegmentPage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[SegmentItem]
    next_cursor: str | None


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────


async def rows(call: Call) -> list[ResourceRow]:
    return [row for row in await call.parts.store.resources() if row.kind == KIND]


async def found(call: Call) -> ResourceRow:
    id = call.path("segment")
    for row in await rows(call):
        if row.id == id:
            return row
    raise ApiError("not_found", f"There is no segment {id[:64]!r}.")


async def item(call: Call, row: ResourceRow) -> SegmentItem:
    document = decode_document(row.document)
    job = None if document.job is None else await call.parts.store.job(document.job)
    problem = call.parts.engine.definitions.book.broken.get(row.id)
    state: Literal["ready", "settling", "stopped", "removing", "broken"] = "ready"
    if document.removed:
        state = "removing"
    elif problem is not None:
        state = "broken"
    elif job is not None:
        state = "settling" if job.state in OPEN else "stopped"
    return SegmentItem(
        id=row.id,
        name=document.name,
        description=document.description,
        rule=document.rule,
        state=state,
        problem=problem,
        progress=None
        if job is None
        else Progress(job=job.id, state=job.state, done=job.done, total=job.total),
        created_at=instant(row.created_at),
        updated_at=instant(row.updated_at),
    )


async def list_segments(call: Call) -> SegmentPage:
    query: PageQuery = call.query
    found = sorted(await rows(call), key=lambda row: (row.created_at, row.id), reverse=True)
    shown, cursor = page(found, query.cursor, page_size(call, query.limit), key=lambda row: row.id)
    return SegmentPage(items=[await item(call, row) for row in shown], next_cursor=cursor)


async def get_segment(call: Call) -> SegmentItem:
    return await item(call, await found(call))


async def members(call: Call) -> CustomerPage:
    query: PageQuery = call.query
    row = await found(call)
    wanted = CustomerFilter(
        segment=row.id, limit=page_size(call, query.limit), cursor=row_cursor(query.cursor)
    )
    customers, cursor = await call.parts.store.customers(wanted)
    return CustomerPage(items=[customer_item(customer) for customer in customers], next_cursor=cursor)


# ── writing ────────────────────────────────────────────────────────────────────────────────────────────


async def create(call: Call) -> Answer:
    body: SegmentBody = call.body
    write = CreateSegment(
        id=body.id,
        rule=body.rule,
        name=body.name,
        description=body.description,
        fire=body.fire,
        by=call.client,
        idempotency=key_of(call, body),
    )
    created = await written(call, write)
    return Answer(created, headers={"Location": f"/v1/segments/{created.id}"})


async def change(call: Call) -> SegmentItem:
    body: SegmentPatch = call.body
    if body.fire and body.rule is None:
        message = "Nobody is held against a rule without one."
        wrong = FieldError(pointer="/fire", code="wrong_value", message=message)
        raise ApiError("invalid", message, errors=[wrong])
    write = ChangeSegment(
        id=call.path("segment"),
        rule=body.rule,
        name=body.name,
        description=body.description,
        fire=body.fire,
        by=call.client,
    )
    return await written(call, write)


async def drop(call: Call) -> SegmentItem:
    """Its members are let go first; until then it can be seen as `removing`."""
    return await written(call, DropSegment(id=call.path("segment"), by=call.client))


async def written(call: Call, write: SegmentWrite) -> SegmentItem:
    return await item(call, unwrap(await call.parts.engine.write_segment(write)))


_WRITE: tuple[ErrorCode, ...] = ("overloaded", "unknown_outcome")


def segment_route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(method=method, path=path, handle=handle, summary=summary, tag=TAG, **rest)


ROUTES = (
    segment_route(
        "GET",
        "/v1/segments",
        list_segments,
        "List segments",
        role=("author", "operate"),
        query=PageQuery,
        answer=SegmentPage,
    ),
    segment_route(
        "POST",
        "/v1/segments",
        create,
        "Create a segment",
        role="author",
        body=SegmentBody,
        status=201,
        answer=SegmentItem,
        idempotent=True,
        codes=("key_exists", "conflict", *_WRITE),
    ),
    segment_route(
        "GET",
        "/v1/segments/{segment}",
        get_segment,
        "One segment",
        role=("author", "operate"),
        answer=SegmentItem,
        codes=("not_found",),
    ),
    segment_route(
        "PATCH",
        "/v1/segments/{segment}",
        change,
        "Change a segment",
        role="author",
        body=SegmentPatch,
        answer=SegmentItem,
        codes=("not_found", "conflict", *_WRITE),
    ),
    segment_route(
        "DELETE",
        "/v1/segments/{segment}",
        drop,
        "Remove a segment",
        role="author",
        status=202,
        answer=SegmentItem,
        codes=("not_found", "conflict", *_WRITE),
    ),
    segment_route(
        "GET",
        "/v1/segments/{segment}/members",
        members,
        "List the members of a segment",
        role="operate",
        query=PageQuery,
        answer=CustomerPage,
        codes=("not_found",),
    ),
)

"""Flows for authors: list, create, draft, validate, pause, archive (HTTP API, Flows).

What a document says of its flow as a whole is changed in `metadata.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from actors.commands import ChangeFlow, CreateFlow, SaveDraft
from actors.records import FlowRow
from rules.compiling.flows import check
from rules.documents.problems import Problem
from server.errors import ApiError, ErrorCode, FieldError

from . import documents
from .answers import instant
from .idempotency import key_of
from .lists import PageQuery, page, page_size
from .refusals import unwrap
from .routes import Answer, Call, Route

TAG = "Flows"
WRITE_CODES: tuple[ErrorCode, ...] = ("not_found", "overloaded", "unknown_outcome")


class FlowItem(msgspec.Struct, frozen=True, kw_only=True):
    """A flow's metadata. `state`: draft (never published), published, paused or archived."""

    flow: str
    name: str
    description: str
    folder: str
    state: Literal["draft", "published", "paused", "archived"]
    published: int | None
    draft_revision: int
    created_at: str | None
    updated_at: str | None


class FlowPage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[FlowItem]
    next_cursor: str | None


class FlowQuery(PageQuery, frozen=True, kw_only=True):
    folder: str | None = None
    state: Literal["draft", "published", "paused", "archived"] | None = None
    q: str | None = None


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    valid: bool
    problems: Sequence[Problem]


def item(row: FlowRow) -> FlowItem:
    return FlowItem(
        flow=row.key,
        name=row.name,
        description=row.description,
        folder=row.folder,
        state=state_of(row),
        published=row.published,
        draft_revision=row.revision,
        created_at=instant(row.created_at),
        updated_at=instant(row.updated_at),
    )


def state_of(row: FlowRow) -> Literal["draft", "published", "paused", "archived"]:
    if row.archived:
        return "archived"
    if row.published is None:
        return "draft"
    return "paused" if row.paused else "published"


async def found(call: Call) -> FlowRow:
    key = call.path("flow")
    row = await call.parts.store.flow(key)
    if row is None:
        raise ApiError("not_found", f"There is no flow {key[:64]!r}.")
    return row


async def list_flows(call: Call) -> FlowPage:
    query: FlowQuery = call.query
    rows = [row for row in await call.parts.store.flows() if matches(row, query)]
    rows.sort(key=lambda row: (row.created_at, row.key), reverse=True)
    items, cursor = page(rows, query.cursor, page_size(call, query.limit), key=lambda row: row.key)
    return FlowPage(items=[item(row) for row in items], next_cursor=cursor)


def matches(row: FlowRow, query: FlowQuery) -> bool:
    folder, text = query.folder, (query.q or "").lower()
    return (
        (folder is None or row.folder == folder or row.folder.startswith(folder + "/"))
        and (query.state is None or state_of(row) == query.state)
        and (not text or text in row.key or text in row.name.lower() or text in row.description.lower())
    )


async def create(call: Call) -> Answer:
    document, text, kind = await documents.read_document(call)
    write = CreateFlow(
        key=document.key,
        text=text,
        type=kind,
        name=document.flow.name,
        description=document.flow.description,
        folder=document.flow.folder,
        by=call.client,
        idempotency=key_of(call, text),
    )
    row = unwrap(await call.parts.engine.write_flow(write))
    assert isinstance(row, FlowRow)
    return Answer(item(row), headers={"Location": f"/v1/flows/{row.key}", "ETag": documents.etag(row)})


async def get_flow(call: Call) -> FlowItem:
    return item(await found(call))


async def archive(call: Call) -> FlowItem:
    return await changed(call, ChangeFlow(flow=call.path("flow"), archived=True, by=call.client))


async def pause(call: Call) -> FlowItem:
    """No new starts; running instances go on."""
    return await changed(call, ChangeFlow(flow=call.path("flow"), paused=True, by=call.client))


async def resume(call: Call) -> FlowItem:
    return await changed(call, ChangeFlow(flow=call.path("flow"), paused=False, by=call.client))


async def changed(call: Call, change: ChangeFlow) -> FlowItem:
    row = unwrap(await call.parts.engine.write_flow(change))
    assert isinstance(row, FlowRow)
    return item(row)


async def get_draft(call: Call) -> Answer:
    return await documents.draft_answer(call, await found(call))


async def put_draft(call: Call) -> Answer:
    """A new draft of the revision that `If-Match` names: two editors cannot overwrite each other."""
    revision = documents.revision_of(call, required=True)
    document, text, kind = await documents.read_document(call)
    return await saved(call, document.flow, text, kind, revision)


async def saved(
    call: Call, flow: Any, text: str, kind: documents.DocumentType, revision: int | None
) -> Answer:
    key = call.path("flow")
    if flow.flow != key:
        message = f"The document is of the flow {flow.flow!r}, the address of {key[:64]!r}."
        wrong = FieldError(pointer="/flow", code="another_flow", message=message)
        raise ApiError("invalid", message, errors=[wrong])
    write = SaveDraft(
        flow=key,
        text=text,
        type=kind,
        revision=revision,
        name=flow.name,
        description=flow.description,
        folder=flow.folder,
        by=call.client,
    )
    row = unwrap(await call.parts.engine.write_flow(write))
    assert isinstance(row, FlowRow)
    return Answer(item(row), headers={"ETag": documents.etag(row)})


async def validate(call: Call) -> Validation:
    text, kind = await documents.read_text(call)
    constants, project = call.parts.config.flows.constants, call.parts.engine.definitions.project
    compiled = await documents.off_the_loop(
        lambda: check(text, type=kind, constants=constants, project=project)
    )
    return Validation(valid=compiled.flow is not None, problems=compiled.problems)


DOCUMENT_TYPES = (documents.YAML_TYPES[0], "application/json")


def flow_route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(
        method=method, path=path, handle=handle, summary=summary, tag=TAG, **{"role": "author", **rest}
    )


ROUTES = (
    flow_route("GET", "/v1/flows", list_flows, "List flows", query=FlowQuery, answer=FlowPage),
    flow_route(
        "POST",
        "/v1/flows",
        create,
        "Create a flow from its document",
        raw_types=DOCUMENT_TYPES,
        status=201,
        answer=FlowItem,
        idempotent=True,
        codes=("key_exists", "not_supported_yet", "too_large", "unsupported_type", *WRITE_CODES),
    ),
    flow_route(
        "POST",
        "/v1/flows/validate",
        validate,
        "Check a document",
        raw_types=DOCUMENT_TYPES,
        answer=Validation,
        codes=("too_large", "unsupported_type"),
    ),
    flow_route(
        "GET", "/v1/flows/{flow}", get_flow, "A flow's metadata", answer=FlowItem, codes=("not_found",)
    ),
    flow_route("DELETE", "/v1/flows/{flow}", archive, "Archive a flow", answer=FlowItem, codes=WRITE_CODES),
    flow_route(
        "GET",
        "/v1/flows/{flow}/draft",
        get_draft,
        "The draft, as YAML or JSON",
        answer_type="application/yaml",
        codes=("not_found",),
    ),
    flow_route(
        "PUT",
        "/v1/flows/{flow}/draft",
        put_draft,
        "Save the draft",
        raw_types=DOCUMENT_TYPES,
        answer=FlowItem,
        if_match="required",
        codes=(
            "precondition_failed",
            "precondition_required",
            "not_supported_yet",
            "too_large",
            "unsupported_type",
            *WRITE_CODES,
        ),
    ),
    flow_route(
        "POST", "/v1/flows/{flow}/pause", pause, "Take no new starts", answer=FlowItem, codes=WRITE_CODES
    ),
    flow_route(
        "POST", "/v1/flows/{flow}/resume", resume, "Take new starts again", answer=FlowItem, codes=WRITE_CODES
    ),
)

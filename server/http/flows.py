"""Flows for authors: list, create, draft, validate, publish, versions, pause, archive (HTTP API, Flows)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.commands import ChangeFlow, CreateFlow, PublishFlow, SaveDraft
from actors.definitions import compile_version
from actors.records import FlowRow, VersionRow
from rules.compile import check
from rules.limits import DESCRIPTION_CHARS_MAX, FOLDER_CHARS_MAX, TITLE_CHARS_MAX
from rules.problems import Problem
from server.errors import ApiError, ErrorCode, FieldError

from . import documents
from .answers import instant
from .idempotency import key_of
from .lists import PageQuery, page, page_size
from .refusals import document_error, unwrap
from .routes import Answer, Call, Route

TAG = "Flows"
VERSION_DIGITS_MAX = 9
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


class FlowPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Absent fields stay as they are."""

    name: Annotated[str, Meta(max_length=TITLE_CHARS_MAX)] | None = None
    description: Annotated[str, Meta(max_length=DESCRIPTION_CHARS_MAX)] | None = None
    folder: Annotated[str, Meta(max_length=FOLDER_CHARS_MAX)] | None = None


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    valid: bool
    problems: Sequence[Problem]


class PublishBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`running`: what becomes of instances on older versions."""

    running: Literal["keep", "cancel"] = "keep"
    note: Annotated[str, Meta(max_length=DESCRIPTION_CHARS_MAX)] = ""


class PublishQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dry_run: bool = False


class RunningCount(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    status: str
    count: int


class PublishPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a publish would do, with nothing done."""

    version: int
    problems: Sequence[Problem]
    running: Sequence[RunningCount]
    cancelled: int


class VersionItem(msgspec.Struct, frozen=True, kw_only=True):
    flow: str
    version: int
    note: str
    published_at: str | None
    published_by: str


class VersionPage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[VersionItem]
    next_cursor: str | None


class VersionDetail(VersionItem, frozen=True, kw_only=True):
    document: str
    document_type: str


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


def version_item(row: VersionRow) -> VersionItem:
    return VersionItem(
        flow=row.flow,
        version=row.number,
        note=row.note,
        published_at=instant(row.published_at),
        published_by=row.published_by,
    )


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


async def patch_flow(call: Call) -> FlowItem:
    body: FlowPatch = call.body
    return await changed(
        call,
        ChangeFlow(
            flow=call.path("flow"),
            name=body.name,
            description=body.description,
            folder=body.folder,
            by=call.client,
        ),
    )


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
    constants = call.parts.config.flows.constants
    compiled = await documents.off_the_loop(lambda: check(text, type=kind, constants=constants))
    return Validation(valid=compiled.flow is not None, problems=compiled.problems)


async def publish(call: Call) -> object:
    body: PublishBody = call.body
    revision = documents.revision_of(call, required=False)
    if call.query.dry_run:
        return Answer(await preview(call, body), status=200)
    write = PublishFlow(
        flow=call.path("flow"),
        running=body.running,
        note=body.note,
        revision=revision,
        by=call.client,
        idempotency=key_of(call, body),
    )
    row = unwrap(await call.parts.engine.write_flow(write))
    assert isinstance(row, VersionRow)
    return version_item(row)


async def preview(call: Call, body: PublishBody) -> PublishPreview:
    row = await found(call)
    constants = call.parts.config.flows.constants
    compiled = await documents.off_the_loop(
        lambda: check(row.draft, type=row.draft_type, constants=constants)
    )
    if compiled.flow is None:
        raise document_error(compiled.problems, "The draft cannot be published.")
    counts = await call.parts.store.instance_counts(row.key)
    running = [
        RunningCount(version=version, status=status, count=count)
        for (version, status), count in sorted(counts.items())
        if status in ("running", "failed")
    ]
    return PublishPreview(
        version=(row.published or 0) + 1,
        problems=compiled.problems,
        running=running,
        cancelled=sum(entry.count for entry in running) if body.running == "cancel" else 0,
    )


async def list_versions(call: Call) -> VersionPage:
    row = await found(call)
    rows = await call.parts.store.versions(row.key)
    newest_first = sorted((one for one in rows if one.number > 0), key=lambda one: -one.number)
    limit = page_size(call, call.query.limit)
    items, cursor = page(newest_first, call.query.cursor, limit, key=lambda one: str(one.number))
    return VersionPage(items=[version_item(one) for one in items], next_cursor=cursor)


async def found_version(call: Call) -> VersionRow:
    number = call.path("version")
    is_number = number.isascii() and number.isdecimal() and len(number) <= VERSION_DIGITS_MAX
    row = await call.parts.store.version(call.path("flow"), int(number)) if is_number else None
    if row is None:
        raise ApiError("not_found", "There is no such version of this flow.")
    return row


async def get_version(call: Call) -> VersionDetail:
    row = await found_version(call)
    shown = version_item(row)
    return VersionDetail(
        **msgspec.structs.asdict(shown), document=row.document, document_type=row.document_type
    )


async def restore(call: Call) -> Answer:
    """Copies an old version into the draft."""
    row = await found_version(call)
    constants = call.parts.config.flows.constants
    compiled = await documents.off_the_loop(lambda: compile_version(row, constants))
    if compiled.document is None:
        raise document_error(compiled.problems, "This server does not take that version any more.")
    kind: documents.DocumentType = "yaml" if row.document_type == "yaml" else "json"
    revision = documents.revision_of(call, required=False)
    return await saved(call, compiled.document.flow, row.document, kind, revision)


_DOCUMENT_TYPES = (documents.YAML_TYPES[0], "application/json")


def _route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(
        method=method, path=path, handle=handle, summary=summary, tag=TAG, **{"role": "author", **rest}
    )


ROUTES = (
    _route("GET", "/v1/flows", list_flows, "List flows", query=FlowQuery, answer=FlowPage),
    _route(
        "POST",
        "/v1/flows",
        create,
        "Create a flow from its document",
        raw_types=_DOCUMENT_TYPES,
        status=201,
        answer=FlowItem,
        idempotent=True,
        codes=("key_exists", "not_supported_yet", "too_large", "unsupported_type", *WRITE_CODES),
    ),
    _route(
        "POST",
        "/v1/flows/validate",
        validate,
        "Check a document",
        raw_types=_DOCUMENT_TYPES,
        answer=Validation,
        codes=("too_large", "unsupported_type"),
    ),
    _route("GET", "/v1/flows/{flow}", get_flow, "A flow's metadata", answer=FlowItem, codes=("not_found",)),
    _route(
        "PATCH",
        "/v1/flows/{flow}",
        patch_flow,
        "Change metadata",
        body=FlowPatch,
        answer=FlowItem,
        codes=WRITE_CODES,
    ),
    _route("DELETE", "/v1/flows/{flow}", archive, "Archive a flow", answer=FlowItem, codes=WRITE_CODES),
    _route(
        "GET",
        "/v1/flows/{flow}/draft",
        get_draft,
        "The draft, as YAML or JSON",
        answer_type="application/yaml",
        codes=("not_found",),
    ),
    _route(
        "PUT",
        "/v1/flows/{flow}/draft",
        put_draft,
        "Save the draft",
        raw_types=_DOCUMENT_TYPES,
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
    _route(
        "POST",
        "/v1/flows/{flow}/publish",
        publish,
        "Publish the draft as the next version",
        role="operate",
        query=PublishQuery,
        body=PublishBody,
        answer=VersionItem,
        status=201,
        idempotent=True,
        if_match="optional",
        codes=("precondition_failed", "not_supported_yet", *WRITE_CODES),
    ),
    _route(
        "GET",
        "/v1/flows/{flow}/versions",
        list_versions,
        "Published versions",
        query=PageQuery,
        answer=VersionPage,
        codes=("not_found",),
    ),
    _route(
        "GET",
        "/v1/flows/{flow}/versions/{version}",
        get_version,
        "One version",
        answer=VersionDetail,
        codes=("not_found",),
    ),
    _route(
        "POST",
        "/v1/flows/{flow}/versions/{version}/restore",
        restore,
        "Copy a version into the draft",
        answer=FlowItem,
        if_match="optional",
        codes=("precondition_failed", *WRITE_CODES),
    ),
    _route("POST", "/v1/flows/{flow}/pause", pause, "Take no new starts", answer=FlowItem, codes=WRITE_CODES),
    _route(
        "POST", "/v1/flows/{flow}/resume", resume, "Take new starts again", answer=FlowItem, codes=WRITE_CODES
    ),
)

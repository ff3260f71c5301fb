"""A flow's versions: publishing the draft, history, and copying an old one back (HTTP API, Flows)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.commands import Published, PublishFlow
from actors.records import VersionRow
from actors.rehearsals import Tried
from rules.compiling.flows import check, load
from rules.documents.forms import in_form
from rules.documents.problems import Problem
from rules.limits import DESCRIPTION_CHARS_MAX
from rules.migrating.plan import Plan
from server.errors import ApiError

from . import bodies, documents, migrations
from .answers import instant
from .checks import Faults
from .flows import WRITE_CODES, FlowItem, flow_route, found, saved
from .idempotency import key_of
from .lists import PageQuery, page, page_size
from .migrations import PlanBody, VersionPreview
from .refusals import document_error, unwrap
from .routes import Answer, Call

VERSION_DIGITS_MAX = 9


class PublishBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`running`: what becomes of instances on older versions; `map` is for those that migrate."""

    running: Literal["keep", "cancel", "migrate"] = "keep"
    map: PlanBody = PlanBody()
    note: Annotated[str, Meta(max_length=DESCRIPTION_CHARS_MAX)] = ""


class PublishQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dry_run: bool = False


class RunningCount(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    status: str
    count: int


class PublishPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a publish would do, with nothing done. `migrated`: by version, tried on instances as they are."""

    version: int
    problems: Sequence[Problem]
    running: Sequence[RunningCount]
    cancelled: int
    migrated: Sequence[VersionPreview]


class VersionItem(msgspec.Struct, frozen=True, kw_only=True):
    flow: str
    version: int
    note: str
    published_at: str | None
    published_by: str


class PublishedItem(VersionItem, frozen=True, kw_only=True):
    """`job` moves what runs on older versions."""

    job: str | None


class VersionPage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[VersionItem]
    next_cursor: str | None


class VersionDetail(VersionItem, frozen=True, kw_only=True):
    document: str
    document_type: str


def version_item(row: VersionRow) -> VersionItem:
    return VersionItem(
        flow=row.flow,
        version=row.number,
        note=row.note,
        published_at=instant(row.published_at),
        published_by=row.published_by,
    )


async def publish(call: Call) -> object:
    body: PublishBody = call.body
    plan = plan_of(body)
    revision = documents.revision_of(call, required=False)
    if call.query.dry_run:
        return Answer(await preview(call, body, plan), status=200)
    write = PublishFlow(
        flow=call.path("flow"),
        running=body.running,
        plan=plan,
        note=body.note,
        revision=revision,
        by=call.client,
        idempotency=key_of(call, body),
    )
    published = unwrap(await call.parts.engine.write_flow(write))
    assert isinstance(published, Published)
    shown = version_item(published.version)
    return PublishedItem(**msgspec.structs.asdict(shown), job=published.job)


def plan_of(body: PublishBody) -> Plan:
    if body.running != "migrate" and body.map != PlanBody():
        faults = Faults()
        faults.add("/map", "not_here", "A map is for instances that migrate.")
        faults.end()
    return migrations.plan_of(body.map)


async def preview(call: Call, body: PublishBody, plan: Plan) -> PublishPreview:
    row = await found(call)
    number = (row.published or 0) + 1
    constants, project = call.parts.config.flows.constants, call.parts.engine.definitions.project
    compiled = await documents.off_the_loop(
        lambda: check(row.draft, type=row.draft_type, version=number, constants=constants, project=project)
    )
    if compiled.flow is None:
        raise document_error(compiled.problems, "The draft cannot be published.")
    counts = await call.parts.store.instance_counts(row.key)
    running = [
        RunningCount(version=version, status=status, count=count)
        for (version, status), count in sorted(counts.items())
        if status in ("running", "failed")
    ]
    migrated: list[Tried] = []
    if body.running == "migrate":
        migrated = unwrap(await call.parts.engine.migrating.rehearse_publish(compiled, plan))
    return PublishPreview(
        version=number,
        problems=compiled.problems,
        running=running,
        cancelled=sum(entry.count for entry in running) if body.running == "cancel" else 0,
        migrated=migrations.previews(migrated).versions,
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


async def get_version_document(call: Call) -> Answer:
    """As a file; as it was written, comments included, if that is the form that the caller accepts."""
    row = await found_version(call)
    wanted = documents.wanted_type(call, row.document_type)
    text = await documents.off_the_loop(lambda: in_form(row.document, type=row.document_type, wanted=wanted))
    content_type = documents.YAML_TYPES[0] if wanted == "yaml" else bodies.JSON
    headers = {"Vary": "Accept", **documents.as_file(f"{row.flow}-v{row.number}", wanted)}
    return Answer(text.encode(), headers=headers, content_type=content_type)


async def restore(call: Call) -> Answer:
    """Copies an old version into the draft."""
    row = await found_version(call)
    document = await documents.off_the_loop(lambda: load(row.document, type=row.document_type))
    if isinstance(document, list):
        raise document_error(document, "This server does not take that version any more.")
    kind: documents.DocumentType = "yaml" if row.document_type == "yaml" else "json"
    revision = documents.revision_of(call, required=False)
    return await saved(call, document.flow, row.document, kind, revision)


ROUTES = (
    flow_route(
        "POST",
        "/v1/flows/{flow}/publish",
        publish,
        "Publish the draft as the next version",
        role="operate",
        query=PublishQuery,
        body=PublishBody,
        body_default=PublishBody(),
        answer=PublishedItem,
        preview=PublishPreview,
        status=201,
        idempotent=True,
        if_match="optional",
        codes=("precondition_failed", "not_supported_yet", *WRITE_CODES),
    ),
    flow_route(
        "GET",
        "/v1/flows/{flow}/versions",
        list_versions,
        "Published versions",
        query=PageQuery,
        answer=VersionPage,
        codes=("not_found",),
    ),
    flow_route(
        "GET",
        "/v1/flows/{flow}/versions/{version}",
        get_version,
        "One version",
        answer=VersionDetail,
        codes=("not_found",),
    ),
    flow_route(
        "GET",
        "/v1/flows/{flow}/versions/{version}/document",
        get_version_document,
        "The document of a version, as YAML or JSON",
        answer_type="application/yaml",
        codes=("not_found",),
    ),
    flow_route(
        "POST",
        "/v1/flows/{flow}/versions/{version}/restore",
        restore,
        "Copy a version into the draft",
        answer=FlowItem,
        if_match="optional",
        codes=("precondition_failed", *WRITE_CODES),
    ),
)

"""The project: fields, event schemas, events of apps, segments and constants as an author wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.commands import PutResource
from actors.project import PROJECT, Kept, kept
from actors.records import ResourceRow
from rules.compiling.project import compile_project
from rules.documents.forms import in_form
from rules.documents.problems import Problem

from . import bodies, documents
from .answers import instant
from .refusals import document_error, unwrap
from .routes import Answer, Call, Route

TAG = "Flows"


class ProjectItem(msgspec.Struct, frozen=True, kw_only=True):
    """`revision` is 0 where there is none yet. `problems` are warnings."""

    revision: int
    updated_at: str | None
    problems: Sequence[Problem] = ()


class ProjectQuery(msgspec.Struct, frozen=True, kw_only=True):
    dry_run: bool = False


async def get_project(call: Call) -> Answer:
    """As it was written, or in the form that the caller accepts; an empty one where there is none."""
    row = stored(call)
    written = Kept(type="yaml", text="{}\n") if row is None else kept(row.document)
    wanted = documents.wanted_type(call, written.type)
    text = written.text
    if wanted != written.type:
        text = await documents.off_the_loop(lambda: in_form(text, type=written.type, wanted=wanted))
    content_type = documents.YAML_TYPES[0] if wanted == "yaml" else bodies.JSON
    return Answer(text.encode(), headers={**etag(row), "Vary": "Accept"}, content_type=content_type)


async def put_project(call: Call) -> Answer:
    """The whole project. Flows that are published keep running; their next check reads the new one."""
    text, kind = await documents.read_text(call)
    compiled = await documents.off_the_loop(lambda: compile_project(text, type=kind))
    if compiled.project is None:
        raise document_error(compiled.problems, "The project has errors.")
    row = stored(call)
    if not call.query.dry_run:
        document = msgspec.json.encode(Kept(type=kind, text=text))
        revision = documents.revision_of(call, required=False)
        write = PutResource(kind=PROJECT, id=PROJECT, document=document, revision=revision, by=call.client)
        row = unwrap(await call.parts.engine.write_resource(write))
    return Answer(item(row, compiled.problems), headers=etag(row))


def stored(call: Call) -> ResourceRow | None:
    return call.parts.engine.resources.find(PROJECT, PROJECT)


def item(row: ResourceRow | None, problems: Sequence[Problem]) -> ProjectItem:
    if row is None:
        return ProjectItem(revision=0, updated_at=None, problems=problems)
    return ProjectItem(revision=row.revision, updated_at=instant(row.updated_at), problems=problems)


def etag(row: ResourceRow | None) -> dict[str, str]:
    return {"ETag": f'"{row.revision if row else 0}"'}


def _route(method: Any, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(method=method, path="/v1/project", handle=handle, summary=summary, tag=TAG, **rest)


ROUTES = (
    _route(
        "GET",
        get_project,
        "The project, as YAML or JSON",
        role="author",
        answer_type="application/yaml",
    ),
    _route(
        "PUT",
        put_project,
        "Write the project: fields, event schemas, events of apps, constants of checks",
        role="operate",
        query=ProjectQuery,
        raw_types=(documents.YAML_TYPES[0], bodies.JSON),
        answer=ProjectItem,
        if_match="optional",
        codes=(
            "bad_request",
            "not_supported_yet",
            "too_large",
            "unsupported_type",
            "precondition_failed",
            "overloaded",
            "unknown_outcome",
        ),
    ),
)

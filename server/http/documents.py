"""Flow documents as request and answer: YAML or JSON, read off the loop, given back as either."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, TypeAlias, TypeVar

from actors.records import FlowRow
from rules.compiling.flows import Document, load
from rules.documents.forms import in_form
from server.errors import ApiError

from . import bodies
from .refusals import document_error
from .routes import Answer, Call

DocumentType: TypeAlias = Literal["yaml", "json"]
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")
T = TypeVar("T")


async def off_the_loop(work: Callable[[], T]) -> T:
    """Parsing and compiling a large document takes longer than others should wait."""
    return await asyncio.to_thread(work)


async def read_text(call: Call) -> tuple[str, DocumentType]:
    """The document of the request, as text."""
    kind = document_type(bodies.media_type(call.request.headers))
    raw = await bodies.read(call.request, bytes_max=call.parts.config.api.document_bytes_max)
    try:
        return raw.decode(), kind
    except UnicodeDecodeError as error:
        raise ApiError("bad_request", f"The document is not valid UTF-8: byte {error.start}.") from None


def document_type(media_type: str) -> DocumentType:
    if media_type in YAML_TYPES:
        return "yaml"
    if media_type == bodies.JSON:
        return "json"
    raise bodies.unsupported((YAML_TYPES[0], bodies.JSON))


async def read_document(call: Call) -> tuple[Document, str, DocumentType]:
    """A well-formed document: what is none is refused with its problems."""
    text, kind = await read_text(call)
    document = await off_the_loop(lambda: load(text, type=kind))
    if isinstance(document, list):
        raise document_error(document, "The document is not a flow that this server can take.")
    return document, text, kind


async def draft_answer(call: Call, row: FlowRow) -> Answer:
    """The draft in the form that the caller accepts: as it was written, comments included, if that fits."""
    wanted = wanted_type(call, row.draft_type)
    headers = {"ETag": etag(row), "Vary": "Accept", "Cache-Control": "no-cache"}
    content_type = YAML_TYPES[0] if wanted == "yaml" else bodies.JSON
    text = row.draft
    if wanted != row.draft_type:
        text = await off_the_loop(lambda: in_form(row.draft, type=row.draft_type, wanted=wanted))
    return Answer(text.encode(), headers=headers, content_type=content_type)


def wanted_type(call: Call, have: str) -> DocumentType:
    accept = call.request.headers.get("Accept", "")
    if "yaml" in accept:
        return "yaml"
    if "json" in accept:
        return "json"
    return "yaml" if have == "yaml" else "json"


def as_file(name: str, kind: DocumentType) -> dict[str, str]:
    """The header by which a browser saves it under that name."""
    return {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}


def etag(row: FlowRow) -> str:
    return f'"{row.revision}"'


def revision_of(call: Call, *, required: bool) -> int | None:
    """The revision that `If-Match` names; `*` is any."""
    given = call.request.headers.get("If-Match")
    if given is None:
        if required:
            raise ApiError("precondition_required", "Send If-Match with the draft's ETag.")
        return None
    if given.strip() == "*":
        return None
    digits = given.strip().strip('"')
    if not digits.isdecimal() or len(digits) > 15:
        raise ApiError("precondition_failed", "If-Match is not an ETag of this draft.")
    return int(digits)

"""A flow's documents by the names that calls give them: draft, published, or the number of a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from actors.records import FlowRow
from rules.compiling.flows import Document, load
from server.errors import ApiError

from . import documents
from .refusals import document_error
from .routes import Call

VERSION_MAX = (1 << 31) - 1
Named: TypeAlias = Annotated[int, Meta(ge=1, le=VERSION_MAX)] | Literal["draft", "published"]


@dataclass(frozen=True, slots=True)
class Source:
    """`version` is None for the draft."""

    text: str
    type: documents.DocumentType
    version: int | None


async def source(call: Call, row: FlowRow, named: Named) -> Source:
    if named == "draft":
        return Source(row.draft, document_type(row.draft_type), None)
    number = row.published if named == "published" else named
    version = None if number is None else await call.parts.store.version(row.key, number)
    if version is None:
        what = "was never published" if named == "published" else f"has no version {named}"
        raise ApiError("not_found", f"The flow {row.key!r} {what}.")
    return Source(version.document, document_type(version.document_type), version.number)


def document_type(type: str) -> documents.DocumentType:
    return "yaml" if type == "yaml" else "json"


async def document(found: Source) -> Document:
    """What stands in it; a version that this server cannot read is told with its problems."""
    loaded = await documents.off_the_loop(lambda: load(found.text, type=found.type))
    if isinstance(loaded, list):
        raise document_error(loaded, "This server does not take that version any more.")
    return loaded

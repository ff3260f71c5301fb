"""Flows that come to be from others: copied on this server, or taken in from a file or a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from actors.commands import CreateFlow, Refused
from actors.records import FlowRow
from rules.compiling.flows import load
from rules.documents.editing import with_texts
from rules.limits import TITLE_CHARS_MAX
from server.errors import ApiError, FieldError

from . import documents
from .flows import DOCUMENT_TYPES, WRITE_CODES, FlowItem, flow_route, found, item
from .idempotency import key_of
from .named_documents import Named, document, source
from .refusals import document_error, unwrap
from .routes import Answer, Call

FlowKey = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]


class CloneBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`flow`: the key of the copy. `from`: a version's number, `published` or `draft`."""

    flow: FlowKey
    name: Annotated[str, Meta(max_length=TITLE_CHARS_MAX)] | None = None
    source: Named = msgspec.field(name="from", default="draft")


class ImportQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`as`: the key that the flow is to have here, if not its own."""

    key: FlowKey | None = msgspec.field(name="as", default=None)


async def clone(call: Call) -> Answer:
    """A new flow with the document as its draft; nothing of it is published."""
    body: CloneBody = call.body
    found_source = await source(call, await found(call), body.source)
    await document(found_source)
    texts = {"flow": body.flow} | ({} if body.name is None else {"name": body.name})
    return await taken(call, found_source.text, found_source.type, texts, pointer="/flow", asked=body)


async def take_in(call: Call) -> Answer:
    _, text, kind = await documents.read_document(call)
    key = call.query.key
    texts = {} if key is None else {"flow": key}
    pointer = "/flow" if key is None else "/query/as"
    return await taken(call, text, kind, texts, pointer=pointer, asked=(text, key))


async def taken(
    call: Call,
    text: str,
    kind: documents.DocumentType,
    texts: Mapping[str, str],
    *,
    pointer: str,
    asked: object,
) -> Answer:
    """A new flow of the document with these texts; `pointer` is where its key was given."""
    text = await documents.off_the_loop(lambda: with_texts(text, texts, type=kind))
    made = await documents.off_the_loop(lambda: load(text, type=kind))
    if isinstance(made, list):
        raise document_error(made, "The document is not a flow that this server can take.")
    write = CreateFlow(
        key=made.key,
        text=text,
        type=kind,
        name=made.flow.name,
        description=made.flow.description,
        folder=made.flow.folder,
        by=call.client,
        idempotency=key_of(call, asked),
    )
    written = await call.parts.engine.write_flow(write)
    if isinstance(written, Refused) and written.code == "key_exists":
        wrong = FieldError(pointer=pointer, code="key_exists", message=written.reason)
        raise ApiError("key_exists", written.reason, errors=[wrong])
    row = unwrap(written)
    assert isinstance(row, FlowRow)
    headers = {"Location": f"/v1/flows/{row.key}", "ETag": documents.etag(row)}
    return Answer(item(row), headers=headers)


ROUTES = (
    flow_route(
        "POST",
        "/v1/flows/{flow}/clone",
        clone,
        "Copy a flow",
        body=CloneBody,
        status=201,
        answer=FlowItem,
        idempotent=True,
        codes=("key_exists", "key_reused", "not_supported_yet", *WRITE_CODES),
    ),
    flow_route(
        "POST",
        "/v1/flows/import",
        take_in,
        "Take in a flow from a file or a link",
        query=ImportQuery,
        raw_types=DOCUMENT_TYPES,
        status=201,
        answer=FlowItem,
        idempotent=True,
        codes=(
            "key_exists",
            "key_reused",
            "not_supported_yet",
            "overloaded",
            "unknown_outcome",
        ),
    ),
)

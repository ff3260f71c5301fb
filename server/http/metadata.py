"""A flow's metadata, changed where it stands: in its draft, so that the next save does not undo it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from actors.commands import ChangeFlow, Published, Refused
from actors.records import FlowRow
from rules.compiling.flows import check
from rules.documents.editing import with_texts
from rules.documents.problems import Severity
from rules.limits import DESCRIPTION_CHARS_MAX, FOLDER_CHARS_MAX, TITLE_CHARS_MAX

from . import documents
from .flows import WRITE_CODES, FlowItem, flow_route, found, item
from .refusals import document_error, unwrap
from .routes import Answer, Call

IN_DOCUMENT: Final = ("name", "description", "folder")
TRIES_MAX: Final = 8
"""Times that a change is made whose draft somebody else saves in between; then it gives up."""


class FlowPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Absent fields stay as they are.

    `name`, `description` and `folder` are written into the draft, which is a new revision then. `archived`:
    true is what `DELETE` does, false brings the flow back as it was, published or paused.
    """

    name: Annotated[str, Meta(max_length=TITLE_CHARS_MAX)] | None = None
    description: Annotated[str, Meta(max_length=DESCRIPTION_CHARS_MAX)] | None = None
    folder: Annotated[str, Meta(max_length=FOLDER_CHARS_MAX)] | None = None
    archived: bool | None = None


async def patch_flow(call: Call) -> Answer:
    body: FlowPatch = call.body
    texts = {key: text for key in IN_DOCUMENT if (text := getattr(body, key)) is not None}
    revision = documents.revision_of(call, required=False)
    change = ChangeFlow(
        flow=call.path("flow"), revision=revision, archived=body.archived, by=call.client, **texts
    )
    row = unwrap(await written(call, change, texts))
    assert isinstance(row, FlowRow)
    return Answer(item(row), headers={"ETag": documents.etag(row)})


async def written(
    call: Call, change: ChangeFlow, texts: Mapping[str, str]
) -> FlowRow | Published | Refused | None:
    """A caller who names no revision means whichever is there: a save in between is no reason to fail."""
    result = None
    for _ in range(TRIES_MAX if texts and change.revision is None else 1):
        edited = await with_draft(call, change, texts) if texts else change
        result = await call.parts.engine.write_flow(edited)
        if not isinstance(result, Refused) or result.code != "precondition_failed":
            break
    return result


async def with_draft(call: Call, change: ChangeFlow, texts: Mapping[str, str]) -> ChangeFlow:
    """The change, with the present draft as it is edited for it."""
    row = await found(call)
    constants = call.parts.config.flows.constants
    draft = await documents.off_the_loop(lambda: edited_draft(row, texts, constants))
    revision = row.revision if change.revision is None else change.revision
    return replace(change, text=None if draft == row.draft else draft, revision=revision)


def edited_draft(row: FlowRow, texts: Mapping[str, str], constants: Mapping[str, object]) -> str:
    """The draft with these texts; an error says what in them no document may have."""
    draft = with_texts(row.draft, texts, type=row.draft_type)
    compiled = check(draft, type=row.draft_type, constants=constants)
    pointers = {f"/{key}" for key in texts}
    wrong = [
        problem
        for problem in compiled.problems
        if problem.severity is Severity.ERROR and (compiled.document is None or problem.pointer in pointers)
    ]
    if wrong:
        raise document_error(wrong, "The draft cannot have this metadata.")
    return draft


ROUTES = (
    flow_route(
        "PATCH",
        "/v1/flows/{flow}",
        patch_flow,
        "Change metadata, or bring an archived flow back",
        body=FlowPatch,
        answer=FlowItem,
        if_match="optional",
        codes=("precondition_failed", "not_supported_yet", *WRITE_CODES),
    ),
)

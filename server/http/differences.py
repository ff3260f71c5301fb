"""What differs between two versions of a flow, or a version and the draft: by step and template."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rules.difference import Change, difference

from . import documents
from .flows import flow_route, found
from .named_documents import Named, document, source
from .routes import Call


class DifferenceQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each is a version's number, `published` or `draft`."""

    old: Named = msgspec.field(name="from", default="published")
    new: Named = msgspec.field(name="to", default="draft")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`from` and `to` are the numbers of versions; null for the draft."""

    flow: str
    old: int | None = msgspec.field(name="from")
    new: int | None = msgspec.field(name="to")
    changes: Sequence[Change]


async def get_difference(call: Call) -> Difference:
    query: DifferenceQuery = call.query
    row = await found(call)
    old, new = await source(call, row, query.old), await source(call, row, query.new)
    before, after = (await document(old)).flow, (await document(new)).flow
    changes = await documents.off_the_loop(lambda: difference(before, after))
    return Difference(flow=row.key, old=old.version, new=new.version, changes=changes)


ROUTES = (
    flow_route(
        "GET",
        "/v1/flows/{flow}/diff",
        get_difference,
        "What has changed, by step and template",
        query=DifferenceQuery,
        answer=Difference,
        codes=("not_found", "not_supported_yet"),
    ),
)

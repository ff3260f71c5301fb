"""Links to one version of a flow, for who has no account here: signed, revocable, with an end.

What a link gives is the document without secrets and audiences. The key that signs is made with the first
link and stays in the store; unknown, expired and revoked links are the same 404.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from actors.commands import DropResource, PutResource, Refused
from actors.engine import Engine
from actors.records import ResourceRow
from rules.calendar.durations import parse_duration, shift
from rules.documents.forms import dumped
from rules.errors import RuleError
from rules.limits import DESCRIPTION_CHARS_MAX, DURATION_CHARS_MAX
from rules.sharing import without_private
from server.auth import links
from server.errors import ApiError, FieldError

from . import bodies, documents
from .answers import instant
from .flows import WRITE_CODES, flow_route, found
from .hooks import limited
from .named_documents import VERSION_MAX, document, source
from .refusals import unwrap
from .routes import Answer, Call, Route

SHARE: Final = "share"
SECRET: Final = "secret"  # noqa: S105 – the kind of a resource
SIGNING: Final = "shares"
SHARES_MAX: Final = 50
"""Links to one flow that are open at once: each is a row that is kept in memory."""
LIFE_MS_MAX: Final = 366 * 86_400_000
"""How long a link may stay open: a year."""
NO_LINK: Final = "There is nothing at this address."


class ShareBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`expires_in`: an ISO 8601 duration. `note`: for those who see the list."""

    version: Annotated[int, Meta(ge=1, le=VERSION_MAX)] | Literal["published"] = "published"
    expires_in: Annotated[str, Meta(max_length=DURATION_CHARS_MAX)] = "P7D"
    note: Annotated[str, Meta(max_length=DESCRIPTION_CHARS_MAX)] = ""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """As it is kept."""

    flow: str
    version: int
    expires_at: int
    note: str
    by: str


class ShareItem(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is where the document is, on this server."""

    id: str
    flow: str
    version: int
    path: str
    note: str
    by: str
    created_at: str | None
    expires_at: str | None


class SharePage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[ShareItem]
    next_cursor: None = None


_decode = msgspec.json.Decoder(Share).decode
_decode_key = msgspec.json.Decoder(bytes).decode


# ── for authors ────────────────────────────────────────────────────────────────────────────────────────
async def share(call: Call) -> ShareItem:
    body: ShareBody = call.body
    row = await found(call)
    version = (await source(call, row, body.version)).version
    assert version is not None, "a draft has no version"
    now = call.parts.clock.now()
    expires_at = now + life_ms(body.expires_in)
    await tidy(call, row.key, now)
    kept = Share(flow=row.key, version=version, expires_at=expires_at, note=body.note, by=call.client)
    key = await signing_key(call.parts.engine)
    write = PutResource(
        kind=SHARE, id=call.parts.engine.new_id(), document=msgspec.json.encode(kept), by=call.client
    )
    return item(unwrap(await call.parts.engine.write_resource(write)), key)


def life_ms(text: str) -> int:
    """How long the link is open; refused, with its place, if it is no such time."""
    message = "Say how long: a duration such as P7D, at most P366D."
    try:
        ms = shift(0, parse_duration(text), "UTC")
    except RuleError as error:
        message, ms = error.message, 0
    if not 0 < ms <= LIFE_MS_MAX:
        wrong = FieldError(pointer="/expires_in", code="bad_duration", message=message)
        raise ApiError("invalid", f"/expires_in: {message}", errors=[wrong])
    return ms


async def tidy(call: Call, flow: str, now: int) -> None:
    """Links that have expired make room for others."""
    engine = call.parts.engine
    kept = shares(engine, flow)
    for row in kept:
        if _decode(row.document).expires_at <= now:
            await engine.write_resource(DropResource(kind=SHARE, id=row.id, by=call.client))
    if len(shares(engine, flow)) >= SHARES_MAX:
        raise ApiError("conflict", f"There are {SHARES_MAX} links to this flow already: revoke one.")


async def signing_key(engine: Engine) -> bytes:
    """The server's own: made when it is needed first."""
    row = engine.resources.find(SECRET, SIGNING)
    if row is None:
        made = msgspec.json.encode(links.new_key())
        write = PutResource(kind=SECRET, id=SIGNING, document=made, revision=0)
        written = await engine.write_resource(write)
        # Another call may have made it meanwhile.
        row = engine.resources.find(SECRET, SIGNING) if isinstance(written, Refused) else written
        assert row is not None, "it is there now"
    return _decode_key(row.document)


async def list_shares(call: Call) -> SharePage:
    """Those that are open, newest first."""
    flow = (await found(call)).key
    engine, now = call.parts.engine, call.parts.clock.now()
    rows = [row for row in shares(engine, flow) if _decode(row.document).expires_at > now]
    if not rows:
        return SharePage(items=[])
    key = await signing_key(engine)
    return SharePage(items=[item(row, key) for row in reversed(rows)])


async def revoke(call: Call) -> ShareItem:
    engine, id = call.parts.engine, call.path("share")
    row = engine.resources.find(SHARE, id)
    if row is None or _decode(row.document).flow != call.path("flow"):
        raise ApiError("not_found", f"There is no link {id[:64]!r} to this flow.")
    dropped = unwrap(await engine.write_resource(DropResource(kind=SHARE, id=id, by=call.client)))
    return item(dropped, await signing_key(engine))


def shares(engine: Engine, flow: str) -> list[ResourceRow]:
    """Oldest first."""
    own = [row for row in engine.resources.of(SHARE) if _decode(row.document).flow == flow]
    return sorted(own, key=lambda row: row.created_at)


def item(row: ResourceRow, key: bytes) -> ShareItem:
    kept = _decode(row.document)
    token = links.sign(key, row.id, expires_at=kept.expires_at)
    return ShareItem(
        id=row.id,
        flow=kept.flow,
        version=kept.version,
        path=f"/v1/shared/{token}",
        note=kept.note,
        by=kept.by,
        created_at=instant(row.created_at),
        expires_at=instant(kept.expires_at),
    )


# ── for everybody who has the link ─────────────────────────────────────────────────────────────────────
async def get_shared(call: Call) -> Answer:
    """The document, as YAML or JSON by `Accept`."""
    engine, token = call.parts.engine, call.path("token")
    secret = engine.resources.find(SECRET, SIGNING)
    id = None
    if secret is not None:
        id = links.read(_decode_key(secret.document), token, now=call.parts.clock.now())
    row = None if id is None else engine.resources.find(SHARE, id)
    flow = None if row is None else await call.parts.store.flow(_decode(row.document).flow)
    if row is None or flow is None:
        raise ApiError("not_found", NO_LINK)
    limited(call, row.id)
    kept = _decode(row.document)
    version = await source(call, flow, kept.version)
    data = without_private((await document(version)).data)
    wanted = documents.wanted_type(call, version.type)
    text = await documents.off_the_loop(lambda: dumped(data, wanted=wanted))
    content_type = documents.YAML_TYPES[0] if wanted == "yaml" else bodies.JSON
    headers = {"Vary": "Accept", **documents.as_file(f"{kept.flow}-v{kept.version}", wanted)}
    return Answer(text.encode(), headers=headers, content_type=content_type)


# ── routes ─────────────────────────────────────────────────────────────────────────────────────────────
def _route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    codes = rest.pop("codes", WRITE_CODES)
    return flow_route(method, "/v1/flows/{flow}/" + path, handle, summary, codes=codes, **rest)


ROUTES = (
    _route(
        "POST",
        "share",
        share,
        "Make a link to a version",
        body=ShareBody,
        body_default=ShareBody(),
        status=201,
        answer=ShareItem,
        codes=("conflict", *WRITE_CODES),
    ),
    _route("GET", "shares", list_shares, "Links that are open", answer=SharePage),
    _route("DELETE", "shares/{share}", revoke, "Revoke a link", answer=ShareItem),
    Route(
        method="GET",
        path="/v1/shared/{token}",
        handle=get_shared,
        summary="The document that a link gives",
        tag="Flows",
        audience="public",
        answer_type="application/yaml",
        codes=("not_found", "rate_limited", "not_supported_yet"),
    ),
)

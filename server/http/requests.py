"""Requests of third parties as mappings read them: body, headers and query, without what proves who sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from actors.resources import CREDENTIAL
from rules.causes import OfRequest
from server.auth.webhooks import Credential, Hmac, is_genuine
from server.errors import ApiError

from . import bodies
from .checks import Faults, check_data
from .routes import Call, Handler, Route

FORM: Final = "application/x-www-form-urlencoded"
SECRET_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "webhook-signature", "x-api-key"}
)
_credential = msgspec.json.Decoder(Credential)


def headers_of(request: web.Request) -> dict[str, str]:
    """In lower case; of a repeated one the first."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found.setdefault(name.lower(), value)
    return found


def verify(
    call: Call, headers: Mapping[str, str], raw: bytes, *, kind: str, credential: str | None, now: int
) -> frozenset[str]:
    """The headers that hold credentials, once it is clear who sends; else `unauthorized`."""
    if kind == "none":
        if not call.parts.config.api.unsigned_webhooks:
            raise _unknown_sender()
        return SECRET_HEADERS
    row = call.parts.engine.resources.find(CREDENTIAL, credential or "")
    known = None if row is None else _credential.decode(row.document)
    if known is None or known.__struct_config__.tag != kind:
        raise _unknown_sender()
    if not is_genuine(known, headers, raw, now_s=now / 1_000):
        raise _unknown_sender()
    return SECRET_HEADERS | ({known.header.lower()} if isinstance(known, Hmac) else frozenset())


def _unknown_sender() -> ApiError:
    return ApiError("unauthorized", "It is not shown who sends this.")


def read_request(
    request: web.Request, raw: bytes, headers: Mapping[str, str], secret: frozenset[str], *, id: str, now: int
) -> OfRequest:
    """What mappings read; a body that is no JSON or form is text."""
    return OfRequest(
        id=id,
        at=now,
        body=_body(raw, bodies.media_type(request.headers)),
        headers={name: value for name, value in headers.items() if name not in secret},
        query=dict(request.query),
    )


def _body(raw: bytes, media_type: str) -> object:
    if not raw:
        return None
    if media_type == FORM:
        return dict(parse_qsl(_text(raw), keep_blank_values=True, max_num_fields=1_000))
    if media_type == bodies.JSON or media_type.endswith("+json") or media_type in bodies.MSGPACK_TYPES:
        body = bodies.decode(raw, object, media_type)
        faults = Faults()
        check_data({"body": body}, "", faults)
        faults.end()
        return body
    return _text(raw)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ApiError("bad_request", "The body is neither JSON, nor a form, nor text in UTF-8.") from None


def receiver(path: str, handle: Handler, summary: str, *, answer: Any, tag: str) -> Route:
    """Where third parties send: whoever knows the address, with whatever body and query."""
    return Route(
        method="POST",
        path=path,
        handle=handle,
        summary=summary,
        tag=tag,
        audience="public",
        raw_types=("*/*",),
        any_query=True,
        status=202,
        answer=answer,
        codes=(
            "not_found",
            "unauthorized",
            "invalid",
            "too_large",
            "rate_limited",
            "overloaded",
            "unknown_outcome",
        ),
    )

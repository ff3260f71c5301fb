"""From values to answers: JSON or MessagePack as the caller accepts, problems as RFC 9457, one request id on each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import web

from rules.times import rfc3339
from server.errors import ApiError

from .bodies import JSON, MSGPACK, MSGPACK_TYPES
from .routes import Answer

PROBLEM: Final = "application/problem+json"
PROBLEM_MSGPACK: Final = "application/problem+msgpack"

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


def wants_msgpack(request: web.Request) -> bool:
    """Whether the caller asked for MessagePack; anything else gets JSON."""
    accept = request.headers.get("Accept")
    return accept is not None and any(kind in accept for kind in MSGPACK_TYPES)


def answer(request: web.Request, value: object, *, status: int, request_id: str) -> web.Response:
    """The answer for what a handler gave back."""
    headers: Mapping[str, str] = {}
    content_type = None
    if isinstance(value, Answer):
        headers, content_type = value.headers, value.content_type
        status, value = value.status or status, value.body
    if isinstance(value, bytes):
        body, kind = value, content_type or "application/octet-stream"
    elif value is None:
        body, kind = b"", None
    elif wants_msgpack(request):
        body, kind = _msgpack.encode(value), MSGPACK
    else:
        body, kind = _json.encode(value), JSON
    response = web.Response(body=body, status=status, headers=headers)
    if kind is not None:
        response.headers["Content-Type"] = kind
    response.headers["X-Request-Id"] = request_id
    return response


def refusal(request: web.Request, error: ApiError, *, request_id: str) -> web.Response:
    """An error as its problem document."""
    packed = wants_msgpack(request)
    body = (_msgpack if packed else _json).encode(error.problem())
    response = web.Response(body=body, status=error.kind.status, headers=error.headers)
    response.headers["Content-Type"] = PROBLEM_MSGPACK if packed else PROBLEM
    response.headers["X-Request-Id"] = request_id
    return response


def instant(at: int | None) -> str | None:
    """An instant as it stands on the wire."""
    return None if at is None else rfc3339(at)

"""From values to answers: JSON or MessagePack as the caller accepts, problems as RFC 9457."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec
from aiohttp import web

from rules.calendar.times import rfc3339
from server.errors import ApiError

from .bodies import JSON, MSGPACK, MSGPACK_TYPES
from .routes import Answer

BODILESS: Final = (204, 304)
OCTETS: Final = "application/octet-stream"
PROBLEM: Final = "application/problem+json"
PROBLEM_MSGPACK: Final = "application/problem+msgpack"
REQUEST_ID: Final = "X-Request-Id"
NONE: Final[Mapping[str, str]] = {}
STANDING: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Server": "Flowdeck"}
"""On every answer of the API: it is about somebody, and is never a page."""

encode_json = msgspec.json.Encoder().encode
encode_msgpack = msgspec.msgpack.Encoder().encode


def wants_msgpack(request: web.BaseRequest) -> bool:
    """Whether the caller asked for MessagePack and likes JSON no better; anything else gets JSON."""
    accept = request.headers.get("Accept")
    return accept is not None and "msgpack" in accept and _prefers_msgpack(accept)


@lru_cache(maxsize=64)
def _prefers_msgpack(accept: str) -> bool:
    liked = dict(_quality(part) for part in accept.lower().split(","))
    most = max((liked[kind] for kind in MSGPACK_TYPES if kind in liked), default=0.0)
    return most > 0 and most >= liked.get(JSON, 0.0)


def _quality(part: str) -> tuple[str, float]:
    """A media range and how much it is liked (RFC 9110 §12.4.2); what cannot be read says nothing."""
    kind, _, parameters = part.partition(";")
    given = re.search(r"\bq=([01](?:\.\d{0,3})?)\s*(?:;|$)", parameters)
    return kind.strip(), float(given[1]) if given else 1.0


def answer(
    request: web.Request, value: object, *, status: int, request_id: str, headers: Mapping[str, str] = NONE
) -> web.Response:
    """The answer for what a handler gave back; `headers` are the route's own."""
    headers = {**STANDING, REQUEST_ID: request_id, **headers}
    if isinstance(value, Answer):
        headers |= value.headers
        status, content_type, value = value.status or status, value.content_type, value.body
        if status in BODILESS:
            return web.Response(status=status, headers=headers)
        if isinstance(value, bytes):
            return response(value, status, content_type or OCTETS, headers)
    if wants_msgpack(request):
        return response(encode_msgpack(value), status, MSGPACK, headers)
    return response(encode_json(value), status, JSON, headers)


def refusal(
    request: web.BaseRequest, error: ApiError, *, request_id: str, headers: Mapping[str, str] = NONE
) -> web.Response:
    """An error as its problem document."""
    headers = {**STANDING, REQUEST_ID: request_id, **headers, **error.headers}
    if wants_msgpack(request):
        return response(encode_msgpack(error.problem()), error.kind.status, PROBLEM_MSGPACK, headers)
    return response(encode_json(error.problem()), error.kind.status, PROBLEM, headers)


def response(body: bytes, status: int, content_type: str, headers: dict[str, str]) -> web.Response:
    headers["Content-Type"] = content_type
    return web.Response(body=body, status=status, headers=headers)


def instant(at: int | None) -> str | None:
    """An instant as it stands on the wire."""
    return None if at is None else rfc3339(at)

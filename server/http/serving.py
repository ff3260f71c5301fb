"""Makes aiohttp handlers of routes: who calls, how often, what they sent, one call, one answer.

Everything that a request can do wrong ends here as one problem document; everything that we do wrong is logged
with its trace and answered as `internal`, without it.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeAlias

import structlog
from aiohttp import web

from actors.commands import Overloaded, UnknownOutcome
from actors.ports import StoreError
from rules.errors import RuleError
from server.auth.callers import Principal, Refused
from server.auth.claims import CustomerToken
from server.errors import ApiError

from . import answers, bodies
from .parts import PARTS, Parts
from .routes import Answer, Call, Route

AiohttpHandler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
REQUEST_ID_CHARACTERS_MAX: Final = 64
SCHEME: Final = "Bearer "

log = structlog.get_logger("flowdeck.http")


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Register every route, and the answers to addresses and methods that are none."""
    for route in routes:
        app.router.add_route(route.method, route.path, handler(route))


def handler(route: Route) -> AiohttpHandler:
    """The aiohttp handler of one route."""

    async def handle(request: web.Request) -> web.StreamResponse:
        request_id = id_of(request)
        parts = request.app[PARTS]
        try:
            call = await admitted(route, request, parts)
            value = await route.handle(call)
        except Exception as error:  # noqa: BLE001 - the request boundary: every failure becomes one answer
            return answers.refusal(request, as_api_error(error, route, request_id), request_id=request_id)
        if isinstance(value, web.StreamResponse):
            return value
        return answers.answer(request, value, status=route.status, request_id=request_id)

    return handle


async def admitted(route: Route, request: web.Request, parts: Parts) -> Call:
    """The call, once the caller may make it and everything that he sent fits."""
    call = Call(request, parts)
    if route.audience == "backend":
        call.principal = backend(request, parts)
        if route.role is not None and not call.principal.may(route.role):
            raise ApiError("forbidden", f"This needs an API key with the role {route.role!r}.")
        limit(parts.requests.take(call.principal.id))
    elif route.audience == "app":
        call.token = app_token(request, parts)
        limit(parts.app_requests.take(call.token.customer))
    if route.query is not None:
        call.query = bodies.convert_query(request.query, route.query)
    elif request.query_string:
        raise ApiError("invalid", "This address takes no query parameters.")
    if route.body is not None:
        size = route.body_bytes_max or parts.config.api.document_bytes_max
        raw = await bodies.read(request, bytes_max=size)
        call.body = bodies.decode(raw, route.body, bodies.content_type(request))
    return call


def backend(request: web.Request, parts: Parts) -> Principal:
    """The API key's holder, or `unauthorized`; who fails often has to wait."""
    caller = parts.backends.authenticate(bearer(request, parts))
    return caller if isinstance(caller, Principal) else turned_away(request, parts, caller)


def app_token(request: web.Request, parts: Parts) -> CustomerToken:
    """The customer whose token it is, or `unauthorized`."""
    token = parts.apps.verify(bearer(request, parts))
    return token if isinstance(token, CustomerToken) else turned_away(request, parts, token)


def bearer(request: web.Request, parts: Parts) -> str:
    given = request.headers.get("Authorization", "")
    if given[: len(SCHEME)].lower() != SCHEME.lower():
        return turned_away(request, parts, Refused("no bearer credentials", "Send Authorization: Bearer ."))
    return given[len(SCHEME) :].strip()


def turned_away(request: web.Request, parts: Parts, refused: Refused) -> "Never":  # noqa: UP037
    address = request.remote or ""
    limit(parts.failures.take(address))
    log.info("credentials refused", reason=refused.reason, address=address, path=request.path)
    raise ApiError("unauthorized", refused.detail)


def limit(wait_s: float) -> None:
    if wait_s > 0:
        raise ApiError("rate_limited", "You are sending faster than allowed.", retry_after_s=wait_s)


def as_api_error(error: Exception, route: Route, request_id: str) -> ApiError:
    """Other people's mistakes and expected trouble by their code; ours as `internal`, logged."""
    match error:
        case ApiError():
            return error
        case Overloaded():
            return ApiError(
                "overloaded", "The server is busy; nothing was stored.", retry_after_s=error.retry_after_s
            )
        case UnknownOutcome():
            return ApiError("unknown_outcome", "It may or may not be stored; send it again with the same id.")
        case StoreError():
            log.error("store failed", path=route.path, request_id=request_id, error=str(error))
            return ApiError("overloaded", "The store cannot answer at the moment.")
        case RuleError():
            return ApiError("invalid", error.message)
        case _:
            log.error("request failed", path=route.path, request_id=request_id, exc_info=error)
            return ApiError("internal", f"The server failed; the request's id is {request_id}.")


def id_of(request: web.Request) -> str:
    """The caller's own request id if it is a plain one, else a new one."""
    given = request.headers.get("X-Request-Id")
    if given and len(given) <= REQUEST_ID_CHARACTERS_MAX and given.isascii() and given.isprintable():
        return given
    return secrets.token_hex(8)


__all__ = ["Answer", "Call", "Route", "add_routes", "handler"]

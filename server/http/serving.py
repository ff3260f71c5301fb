"""Makes aiohttp handlers of routes: who calls, how often, what they sent, one call, one answer.

Everything that a request can do wrong ends here as one problem document; everything that we do wrong is
logged with its trace and answered as `internal`, without it.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeAlias

import structlog
from aiohttp import web
from aiohttp.http import HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError

from actors.commands import NotReady, Overloaded, UnknownOutcome
from actors.ports import StoreError
from rules.errors import RuleError
from server.errors import ApiError

from . import answers, bodies, callers
from .cors import Cors
from .parts import Parts
from .routes import Answer, Call, NoQuery, Route

AiohttpHandler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Admit: TypeAlias = Callable[[web.Request], Call]
REQUEST_ID_CHARACTERS_MAX: Final = 64
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

log = structlog.get_logger("flowdeck.http")
_run: Final = secrets.token_hex(6)
_count: Final = itertools.count(1)


def add_routes(app: web.Application, routes: Iterable[Route], parts: Parts) -> None:
    """Register every route; those that read answer HEAD as well, those of apps a browser's preflight."""
    cors = Cors(parts.config.api.app_origins)
    methods: dict[str, list[str]] = {}
    for route in routes:
        handle = handler(route, parts, cors)
        app.router.add_route(route.method, route.path, handle, expect_handler=expected)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, handle)
        if route.audience == "app":
            methods.setdefault(route.path, []).append(route.method)
    for path, allowed in methods.items():
        app.router.add_route("OPTIONS", path, preflight(cors, allowed))


def preflight(cors: Cors, methods: Sequence[str]) -> AiohttpHandler:
    """The handler that tells a browser whether it may."""
    allowed = cors.preflight(methods)

    async def handle(request: web.Request) -> web.StreamResponse:
        granted = Answer(status=204, headers={**cors.headers(request), **allowed})
        return answers.answer(request, granted, status=204, request_id=id_of(request))

    return handle


async def expected(request: web.Request) -> web.StreamResponse | None:
    """Says that a body may come, which is all that a request can expect."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        error = ApiError("bad_request", "Expect nothing but 100-continue.", headers=bodies.CLOSE)
        return answers.refusal(request, error, request_id=id_of(request))
    if request.version == HttpVersion11:
        await request.writer.write(CONTINUE)
        request.writer.output_size = 0  # the answer itself has not begun
    return None


def handler(route: Route, parts: Parts, cors: Cors) -> AiohttpHandler:
    """The aiohttp handler of one route."""
    meters = parts.meters
    for_browsers = route.audience == "app"
    is_logged = parts.config.log.level == "debug"
    body_bytes_max = route.body_bytes_max or parts.config.api.document_bytes_max

    async def handle(request: web.Request) -> web.StreamResponse:
        id = id_of(request)
        headers = cors.headers(request) if for_browsers else answers.NONE
        try:
            call = admitted(route, request, parts)
            if route.body is not None:
                raw = await bodies.read(request, bytes_max=body_bytes_max)
                if raw or route.body_default is None:
                    call.body = bodies.decode(raw, route.body, bodies.media_type(request.headers))
                else:
                    call.body = route.body_default
            value = await route.handle(call)
            answer = answers.answer(request, value, status=route.status, request_id=id, headers=headers)
        except Exception as failed:  # noqa: BLE001 - the request boundary: every failure becomes one answer
            # In no variable: the frame would keep its own error, and with it the body, until a collection.
            answer = answers.refusal(
                request,
                as_api_error(failed, path=route.path, request_id=id),
                request_id=id,
                headers=headers,
            )
        meters.answered(answer.status)
        if is_logged:
            log.debug("answered", method=route.method, path=route.path, status=answer.status, id=id)
        return answer

    return handle


def admitted(route: Route, request: web.Request, parts: Parts) -> Call:
    """The call, once the caller may make it and the query fits."""
    call = Call(request, parts)
    if route.audience == "backend":
        call.principal = callers.backend(request, parts)
        if route.roles and not any(call.principal.may(role) for role in route.roles):
            names = " or ".join(map(repr, route.roles))
            raise ApiError("forbidden", f"This needs an API key with the role {names}.")
    elif route.audience == "app":
        call.token = callers.app(request, parts)
    if route.query is not None:
        call.query = bodies.convert_query(request.query, route.query)
    elif request.rel_url.raw_query_string and not route.any_query:
        bodies.convert_query(request.query, NoQuery)
    return call


def as_api_error(error: Exception, *, path: str, request_id: str) -> ApiError:
    """Other people's mistakes and expected trouble by their code; ours as `internal`, logged."""
    match error:
        case ApiError():
            return error
        case NotReady():
            detail = f"The server is {error.phase.value}; nothing was stored."
            return ApiError("overloaded", detail, retry_after_s=error.retry_after_s)
        case Overloaded():
            detail = "The server is busy; nothing was stored."
            return ApiError("overloaded", detail, retry_after_s=error.retry_after_s)
        case UnknownOutcome():
            return ApiError("unknown_outcome", "It may or may not be stored; send it again with the same id.")
        case StoreError():
            log.error("store failed", path=path, id=request_id, error=str(error))
            return ApiError("overloaded", "The store cannot answer at the moment; nothing was stored.")
        case RuleError():
            return ApiError("invalid", error.message)
        case web.HTTPRequestEntityTooLarge():
            return ApiError("too_large", "The body is too large.", headers=bodies.CLOSE)
        case HttpProcessingError() | web.RequestPayloadError() | ConnectionError():
            return ApiError("bad_request", "The body could not be read to its end.", headers=bodies.CLOSE)
        case _:
            log.error("request failed", path=path, id=request_id, exc_info=error)
            return ApiError("internal", f"The server failed; the request's id is {request_id}.")


def id_of(request: web.BaseRequest) -> str:
    """The caller's own request id if it is a plain one, else a new one."""
    given = request.headers.get(answers.REQUEST_ID)
    if given and len(given) <= REQUEST_ID_CHARACTERS_MAX and given.isascii() and given.isprintable():
        return given
    return f"{_run}-{next(_count):x}"


@web.middleware
async def problems(request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
    """Addresses and methods that are none, as problems too; and whatever a handler outside the table left."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        error = ApiError("not_found", "There is nothing at this address.")
    except web.HTTPMethodNotAllowed as refused:
        allowed = ", ".join(sorted(refused.allowed_methods))
        error = ApiError("method_not_allowed", f"This address takes {allowed}.", headers={"Allow": allowed})
    except web.HTTPException:
        raise
    except Exception as failed:  # noqa: BLE001 - the request boundary of what is not in the table
        error = as_api_error(failed, path=request.path, request_id=id_of(request))
    return answers.refusal(request, error, request_id=id_of(request))

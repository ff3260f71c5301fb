"""One HTTP connection: aiohttp's own, except that what is not HTTP is answered with a problem, too."""

from __future__ import annotations

from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from server.errors import ApiError

from . import answers
from .serving import id_of

log = structlog.get_logger("flowdeck.http")


class Connection(web.RequestHandler):
    """Errors of the protocol end the connection; strangers' noise is no news for the log."""

    __slots__ = ()

    def log_exception(self, *args: Any, **named: Any) -> None:
        """Why aiohttp gives a connection up: the rest of a body that cannot be read is noise, too."""
        error = named.get("exc_info")
        if isinstance(error, RequestPayloadError | HttpProcessingError):
            log.debug("body cannot be read", error=type(error).__name__)
        else:
            log.error("connection failed", exc_info=error)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is under way already")
        if status < 500:
            error = ApiError("bad_request", "This is not an HTTP request that can be read.")
            log.debug("not HTTP", address=request.remote, error=type(exc).__name__)
        else:
            error = ApiError("internal", "The server failed.")
            log.error("connection failed", exc_info=exc)
        answer = answers.refusal(request, error, request_id=id_of(request))
        answer.force_close()
        return answer

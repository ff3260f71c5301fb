"""Who calls, and how often they may: the one place where credentials of a request are looked at."""

from __future__ import annotations

from typing import Final, NoReturn

import structlog
from aiohttp import web

from server.auth.callers import Principal, Refused
from server.auth.claims import CustomerToken
from server.errors import ApiError

from .parts import Parts

SCHEME: Final = "bearer "
FORWARDED_FOR: Final = "X-Forwarded-For"

log = structlog.get_logger("flowdeck.http")


def backend(request: web.Request, parts: Parts) -> Principal:
    """The API key's holder, or `unauthorized`; who calls or fails too often has to wait."""
    caller = parts.backends.authenticate(bearer(request, parts))
    if isinstance(caller, Refused):
        turned_away(request, parts, caller)
    limit(parts.rates.backends.take(caller.id))
    return caller


def app(request: web.Request, parts: Parts) -> CustomerToken:
    """The customer whose token it is, or `unauthorized`."""
    token = parts.apps.verify(bearer(request, parts))
    if isinstance(token, Refused):
        turned_away(request, parts, token)
    limit(parts.rates.apps.take(token.customer))
    return token


def bearer(request: web.Request, parts: Parts) -> str:
    given = request.headers.get("Authorization", "")
    if given[: len(SCHEME)].lower() != SCHEME:
        turned_away(request, parts, Refused("no bearer credentials", "Send Authorization: Bearer …"))
    return given[len(SCHEME) :].strip()


def turned_away(request: web.Request, parts: Parts, refused: Refused) -> NoReturn:
    address = address_of(request, behind_proxy=parts.config.server.behind_proxy)
    limit(parts.rates.failures.take(address))
    log.info("credentials refused", reason=refused.reason, address=address)
    raise ApiError("unauthorized", refused.detail)


def address_of(request: web.BaseRequest, *, behind_proxy: bool) -> str:
    """The caller's address. Behind a proxy it is the last that stands in its header: others are hearsay."""
    if behind_proxy:
        forwarded = request.headers.getall(FORWARDED_FOR, [])
        if forwarded:
            return forwarded[-1].rpartition(",")[2].strip()
    return request.remote or ""


def limit(wait_s: float) -> None:
    if wait_s > 0:
        raise ApiError("rate_limited", "You are sending faster than allowed.", retry_after_s=wait_s)

"""What a route is: address, audience, types and errors. The same row makes the handler and its OpenAPI entry.

Handlers get a `Call` – caller, query and body already checked – and answer with a value or an `Answer`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import msgspec
from aiohttp import web

from server.auth.callers import Principal
from server.auth.claims import CustomerToken
from server.auth.rows import Role
from server.errors import ErrorCode

if TYPE_CHECKING:
    from .parts import Parts

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Audience: TypeAlias = Literal["public", "backend", "app"]
T = TypeVar("T")


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a route that takes no query parameters."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler gives back when a plain value with the route's own status will not do.

    `body` is encoded as the caller accepts, unless it is bytes; then `content_type` says what they are.
    """

    body: object = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None


@dataclass(slots=True)
class Call:
    """One request on its way through a handler."""

    request: web.Request
    parts: Parts
    principal: Principal | None = None
    token: CustomerToken | None = None
    query: Any = None
    body: Any = None

    @property
    def client(self) -> str:
        """Who asks, for dedupe and the journal: the API key's id, or the app."""
        if self.token is not None:
            return f"app:{self.token.app}"
        assert self.principal is not None, "public routes have no client"
        return self.principal.id

    @property
    def customer(self) -> str:
        """Whose app asks: the token's customer."""
        assert self.token is not None, "only routes for apps have a customer"
        return self.token.customer

    def path(self, name: str) -> str:
        return self.request.match_info[name]


Handler: TypeAlias = Callable[[Call], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the table.

    `role`: which role a backend needs, or one of which. `any_query`: takes parameters of any name. `body`:
    the type of a JSON or MessagePack body; None when there is none, or the handler reads it by itself: then
    `raw_types` are its media types and `raw_body` its shape as JSON. `body_default`: what an empty body
    stands for; None: it is an error. `answer`: the type of the answer with `status`, or with `other_status`;
    `preview`: of that to a `dry_run`, with 200.
    `if_match`: takes the draft's ETag. `idempotent`: takes an `Idempotency-Key`. `codes`: errors beside those
    that every route of its kind has.
    """

    method: Method
    path: str
    handle: Handler
    summary: str
    tag: str
    audience: Audience = "backend"
    role: Role | tuple[Role, ...] | None = None
    query: type | None = None
    any_query: bool = False
    body: Any = None
    body_default: object = None
    body_bytes_max: int | None = None
    raw_types: tuple[str, ...] = ()
    raw_body: Any = None
    status: int = 200
    other_status: int | None = None
    answer: Any = None
    preview: Any = None
    answer_type: str = "application/json"
    idempotent: bool = False
    if_match: Literal["required", "optional"] | None = None
    codes: tuple[ErrorCode, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        """Any of these will do; none is needed if there are none."""
        if self.role is None:
            return ()
        return (self.role,) if isinstance(self.role, str) else self.role

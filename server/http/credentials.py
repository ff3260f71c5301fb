"""Credentials that flows and sources name: written, never read again (HTTP API)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.commands import DropResource, PutResource
from actors.records import ResourceRow
from actors.resources import CREDENTIAL
from server.auth.webhooks import Credential
from server.errors import ApiError, FieldError

from .answers import instant
from .refusals import unwrap
from .routes import Call, Route

TAG: Final = "Credentials"
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


class CredentialItem(msgspec.Struct, frozen=True, kw_only=True):
    """All of a credential but its secret."""

    id: str
    type: str
    description: str
    revision: int
    created_at: str | None
    updated_at: str | None


class CredentialPage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[CredentialItem]
    next_cursor: None = None


def item(row: ResourceRow) -> CredentialItem:
    credential = msgspec.json.decode(row.document, type=Credential)
    return CredentialItem(
        id=row.id,
        type=str(credential.__struct_config__.tag),
        description=credential.description,
        revision=row.revision,
        created_at=instant(row.created_at),
        updated_at=instant(row.updated_at),
    )


def check_name(name: str) -> str:
    """The names that flows can write."""
    if NAME.fullmatch(name) is None:
        wrong = FieldError(pointer="/id", code="bad_name", message="Lower case, digits, underscores.")
        raise ApiError(
            "invalid", f"{name[:64]!r} is no name: lower case, digits, underscores.", errors=[wrong]
        )
    return name


async def list_credentials(call: Call) -> CredentialPage:
    return CredentialPage(items=[item(row) for row in call.parts.engine.resources.of(CREDENTIAL)])


async def put_credential(call: Call) -> CredentialItem:
    write = PutResource(
        kind=CREDENTIAL,
        id=check_name(call.path("credential")),
        document=msgspec.json.encode(call.body),
        by=call.client,
    )
    return item(unwrap(await call.parts.engine.write_resource(write)))


async def drop_credential(call: Call) -> CredentialItem:
    write = DropResource(kind=CREDENTIAL, id=call.path("credential"), by=call.client)
    return item(unwrap(await call.parts.engine.write_resource(write)))


def _route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(method=method, path=path, handle=handle, summary=summary, tag=TAG, **rest)


ROUTES = (
    _route(
        "GET", "/v1/credentials", list_credentials, "List credentials", role="author", answer=CredentialPage
    ),
    _route(
        "PUT",
        "/v1/credentials/{credential}",
        put_credential,
        "Write a credential",
        role="admin",
        body=Credential,
        answer=CredentialItem,
        codes=("overloaded", "unknown_outcome"),
    ),
    _route(
        "DELETE",
        "/v1/credentials/{credential}",
        drop_credential,
        "Remove a credential",
        role="admin",
        answer=CredentialItem,
        codes=("not_found", "overloaded", "unknown_outcome"),
    ),
)

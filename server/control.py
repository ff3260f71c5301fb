"""What an operator at the machine may ask of a data folder: keys, app keys, tokens to try.

The same `Desk` answers in both cases: in the running server, through `control_socket.py`, or in a command
that holds the folder itself. New and revoked keys apply at once: `changed` is called before the answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias, assert_never

import msgspec

from rules.ids import make_id

from .auth.apps import AppKeyError, check_app_key, check_claims
from .auth.keys import new_key
from .auth.minting import NotMintable, mint_token
from .auth.rows import ApiKeyRow, AppKeyKind, AppKeyRow, Role


class Keys(Protocol):
    """The part of the store that a desk needs."""

    async def api_keys(self) -> Sequence[ApiKeyRow]: ...

    async def add_api_key(self, row: ApiKeyRow) -> None: ...

    async def revoke_api_key(self, id: str, *, at: int) -> bool: ...

    async def app_keys(self) -> Sequence[AppKeyRow]: ...

    async def add_app_key(self, row: AppKeyRow) -> bool: ...

    async def remove_app_key(self, name: str) -> bool: ...


# ── requests ───────────────────────────────────────────────────────────────────────────────────────────


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    pass


class ListKeys(_Message, frozen=True):
    pass


class CreateKey(_Message, frozen=True):
    name: str
    roles: tuple[Role, ...]
    seed: bytes
    """Chance for the key's id; the key's own text comes from the desk."""


class RevokeKey(_Message, frozen=True):
    id: str


class ListApps(_Message, frozen=True):
    pass


class CreateApp(_Message, frozen=True):
    row: AppKeyRow


class RemoveApp(_Message, frozen=True):
    name: str


class MintToken(_Message, frozen=True):
    app: str
    customer: str
    ttl_s: int


Request: TypeAlias = ListKeys | CreateKey | RevokeKey | ListApps | CreateApp | RemoveApp | MintToken


# ── answers ────────────────────────────────────────────────────────────────────────────────────────────


class KeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as lists show it; instants are ms since the epoch."""

    id: str
    name: str
    roles: tuple[Role, ...]
    created_at: int
    revoked_at: int | None


class AppShown(msgspec.Struct, frozen=True, kw_only=True):
    """An app key as lists show it: without its secret. `source` is the address of a JWKS document."""

    name: str
    kind: AppKeyKind
    source: str | None
    issuers: tuple[str, ...]
    audience: str
    max_age_s: int
    customer_claim: str
    claims: dict[str, str]
    created_at: int


class KeyList(_Message, frozen=True):
    items: tuple[KeyShown, ...]


class KeyCreated(_Message, frozen=True):
    id: str
    text: str


class AppList(_Message, frozen=True):
    items: tuple[AppShown, ...]


class TokenMinted(_Message, frozen=True):
    text: str
    expires_at: int


class Done(_Message, frozen=True):
    """What was created, revoked or removed. `last_admin`: no key is left that may do everything."""

    id: str
    last_admin: bool = False


class Refusal(_Message, frozen=True):
    """The answer is no: a sentence, and perhaps what to do."""

    message: str
    hint: str = ""


Answer: TypeAlias = KeyList | KeyCreated | AppList | TokenMinted | Done | Refusal


class Desk:
    """Answers requests on one open store; `changed` makes new keys apply."""

    def __init__(
        self,
        keys: Keys,
        *,
        now: Callable[[], int],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._keys = keys
        self._now = now
        self._changed = changed

    async def perform(self, request: Request) -> Answer:
        match request:
            case ListKeys():
                return KeyList(items=tuple(_key_shown(row) for row in await self._keys.api_keys()))
            case CreateKey():
                return await self._create_key(request)
            case RevokeKey():
                return await self._revoke_key(request.id)
            case ListApps():
                return AppList(items=tuple(_app_shown(row) for row in await self._keys.app_keys()))
            case CreateApp():
                return await self._create_app(request.row)
            case RemoveApp():
                return await self._remove_app(request.name)
            case MintToken():
                return await self._mint(request)
            case _:
                assert_never(request)

    async def _create_key(self, request: CreateKey) -> Answer:
        now = self._now()
        key = new_key(id=make_id(now, request.seed.hex(), 0), name=request.name, roles=request.roles, now=now)
        await self._keys.add_api_key(key.row)
        await self._changed()
        return KeyCreated(id=key.row.id, text=key.text)

    async def _revoke_key(self, id: str) -> Answer:
        if not await self._keys.revoke_api_key(id, at=self._now()):
            return Refusal(
                message=f"no key that works has the id {id}", hint="`flowdeck keys list` shows the ids"
            )
        await self._changed()
        rows = await self._keys.api_keys()
        has_admin = any("admin" in row.roles and row.revoked_at is None for row in rows)
        return Done(id=id, last_admin=not has_admin)

    async def _create_app(self, row: AppKeyRow) -> Answer:
        try:
            check_app_key(row)
            check_claims(row)
        except AppKeyError as error:
            return Refusal(message=str(error))
        if not await self._keys.add_app_key(msgspec.structs.replace(row, created_at=self._now())):
            return Refusal(
                message=f"there is an app called {row.name}",
                hint=f"`flowdeck apps remove {row.name}` first, or take another name",
            )
        await self._changed()
        return Done(id=row.name)

    async def _remove_app(self, name: str) -> Answer:
        if not await self._keys.remove_app_key(name):
            return await self._no_app(name)
        await self._changed()
        return Done(id=name)

    async def _mint(self, request: MintToken) -> Answer:
        rows = {row.name: row for row in await self._keys.app_keys()}
        row = rows.get(request.app)
        if row is None:
            return await self._no_app(request.app)
        now = self._now()
        try:
            text = mint_token(row, request.customer, now=now, ttl_s=request.ttl_s)
        except NotMintable as error:
            return Refusal(message=str(error))
        return TokenMinted(text=text, expires_at=(now // 1_000 + request.ttl_s) * 1_000)

    async def _no_app(self, name: str) -> Refusal:
        names = ", ".join(row.name for row in await self._keys.app_keys())
        hint = f"there are: {names}" if names else "`flowdeck apps create` registers one"
        return Refusal(message=f"no app is called {name}", hint=hint)


def _key_shown(row: ApiKeyRow) -> KeyShown:
    return KeyShown(
        id=row.id, name=row.name, roles=row.roles, created_at=row.created_at, revoked_at=row.revoked_at
    )


def _app_shown(row: AppKeyRow) -> AppShown:
    return AppShown(
        name=row.name,
        kind=row.kind,
        source=row.material if row.kind == "JWKS" else None,
        issuers=row.issuers,
        audience=row.audience,
        max_age_s=row.max_age_s,
        customer_claim=row.customer_claim,
        claims=row.claims,
        created_at=row.created_at,
    )

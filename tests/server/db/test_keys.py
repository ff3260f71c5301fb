"""Keys are kept as they were given, until they are revoked or removed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.ports import StoreError
from server.auth.rows import ApiKeyRow, AppKeyRow
from server.db.store import SqliteStore

ADMIN = ApiKeyRow(id="1", name="ops", digest=b"d" * 32, roles=("admin", "events"), created_at=5)
APP = AppKeyRow(
    name="shop",
    kind="HS256",
    material="secret",
    issuers=("https://a", "https://b"),
    audience="apps",
    max_age_s=60,
    customer_claim="uid",
    claims={"tier": "tier"},
    created_at=6,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path, now=lambda: 1)
    await made.open()
    yield made
    await made.close()


async def test_api_keys_are_listed_oldest_first(store: SqliteStore) -> None:
    older = replace(ADMIN, id="2", digest=b"e" * 32, created_at=4, revoked_at=9)
    await store.add_api_key(ADMIN)
    await store.add_api_key(older)
    assert await store.api_keys() == [older, ADMIN]


async def test_revoked_key_keeps_its_first_revocation(store: SqliteStore) -> None:
    await store.add_api_key(ADMIN)
    assert await store.revoke_api_key("1", at=7)
    assert not await store.revoke_api_key("1", at=8)
    assert not await store.revoke_api_key("nobody", at=8)
    assert await store.api_keys() == [replace(ADMIN, revoked_at=7)]


async def test_two_api_keys_cannot_have_one_text(store: SqliteStore) -> None:
    await store.add_api_key(ADMIN)
    with pytest.raises(StoreError):
        await store.add_api_key(replace(ADMIN, id="2"))


async def test_app_keys_are_kept_by_name(store: SqliteStore) -> None:
    plain = AppKeyRow(name="a", kind="JWKS", material="https://a/jwks")
    assert await store.add_app_key(APP)
    assert await store.add_app_key(plain)
    assert not await store.add_app_key(replace(APP, material="other"))
    assert await store.app_keys() == [plain, APP]
    assert await store.remove_app_key("shop")
    assert not await store.remove_app_key("shop")
    assert await store.app_keys() == [plain]

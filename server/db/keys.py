"""Rows of API keys and app keys in the data file. Who may change them is decided elsewhere."""

from __future__ import annotations

import json

import msgspec

from ..auth.rows import ApiKeyRow, AppKeyRow
from .connection import Database
from .sql import SQL, json_text


def api_keys(db: Database) -> list[ApiKeyRow]:
    """All of them, the oldest first, revoked ones too."""
    return [_api_key(*row) for row in db.execute(SQL["api_keys"]).fetchall()]


def add_api_key(db: Database, row: ApiKeyRow) -> None:
    db.execute(SQL["api_keys_add"], {**msgspec.structs.asdict(row), "roles": json_text(row.roles)})


def revoke_api_key(db: Database, id: str, at: int) -> bool:
    """False if there is no such key that is not revoked yet."""
    return db.execute(SQL["api_keys_revoke"], {"id": id, "revoked_at": at}).rowcount == 1


def app_keys(db: Database) -> list[AppKeyRow]:
    """All of them, by name."""
    return [_app_key(*row) for row in db.execute(SQL["app_keys"]).fetchall()]


def add_app_key(db: Database, row: AppKeyRow) -> bool:
    """False if the name is taken."""
    given = {
        **msgspec.structs.asdict(row),
        "issuers": json_text(row.issuers),
        "claims": json_text(row.claims),
    }
    return db.execute(SQL["app_keys_add"], given).rowcount == 1


def remove_app_key(db: Database, name: str) -> bool:
    """False if there is none of that name."""
    return db.execute(SQL["app_keys_remove"], {"name": name}).rowcount == 1


def _api_key(
    id: str, name: str, digest: bytes, roles: str, created_at: int, revoked_at: int | None
) -> ApiKeyRow:
    columns = {
        "id": id,
        "name": name,
        "digest": digest,
        "roles": json.loads(roles),
        "created_at": created_at,
        "revoked_at": revoked_at,
    }
    return msgspec.convert(columns, ApiKeyRow)


def _app_key(*row: object) -> AppKeyRow:
    columns = dict(zip(AppKeyRow.__struct_fields__, row, strict=True))
    for name in ("issuers", "claims"):
        columns[name] = json.loads(str(columns[name]))
    return msgspec.convert(columns, AppKeyRow)

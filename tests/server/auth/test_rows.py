"""Rows of credentials on their way to the store and to logs."""

from __future__ import annotations

import msgspec

from server.auth.rows import AppKeyRow


def test_app_key_is_stored_whole_and_shown_without_its_secret() -> None:
    row = AppKeyRow(name="web", kind="HS256", material="s" * 32, claims={"mail": "email"})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(row), type=AppKeyRow) == row
    assert "sss" not in f"{row!r} {row} {[row]}"

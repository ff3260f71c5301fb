"""API keys: what is made is recognised, what was revoked is not."""

from __future__ import annotations

import pytest

from server.auth.callers import Principal, Refused
from server.auth.keys import KEY_PREFIX, KeyRing, NewKey, new_key
from server.auth.rows import ROLES, ApiKeyRow, Role


def made(*roles: Role, id: str = "k1") -> NewKey:
    return new_key(id=id, name="backend", roles=roles, now=1_000)


def revoked(row: ApiKeyRow) -> ApiKeyRow:
    return ApiKeyRow(id=row.id, name=row.name, digest=row.digest, roles=row.roles, created_at=1, revoked_at=2)


def test_new_key_is_recognised_and_brings_its_roles() -> None:
    key = made("events", "author")
    ring = KeyRing([key.row, made("admin", id="k2").row])
    assert ring.authenticate(key.text) == Principal("key", "k1", frozenset({"events", "author"}))


def test_key_has_256_random_bits_and_its_text_is_not_stored() -> None:
    first, second = made("events"), made("events")
    assert first.text.startswith(KEY_PREFIX)
    assert len(first.text) == len(KEY_PREFIX) + 43
    assert first.text != second.text
    assert first.text not in repr(first) + repr(first.row)


def test_repeated_roles_are_stored_once() -> None:
    assert made("events", "events", "admin").row.roles == ("events", "admin")


def test_admin_implies_every_role() -> None:
    assert all(Principal("key", "k", frozenset({"admin"})).may(role) for role in ROLES)


@pytest.mark.parametrize("role", ["author", "operate", "admin"])
def test_role_allows_nothing_but_itself(role: Role) -> None:
    assert not Principal("key", "k", frozenset({"events"})).may(role)


@pytest.mark.parametrize("text", ["", "fd_", "fd_" + "A" * 43, "fd_" + "A" * 10_000, "fd_é", "\ud800"])
def test_unknown_text_is_refused(text: str) -> None:
    assert isinstance(KeyRing([made("events").row]).authenticate(text), Refused)


def test_key_with_one_character_changed_is_refused() -> None:
    key = made("events")
    changed = key.text[:-1] + ("A" if key.text[-1] != "A" else "B")
    assert isinstance(KeyRing([key.row]).authenticate(changed), Refused)


def test_revoked_key_is_refused_at_once_and_the_log_says_why() -> None:
    key = made("events")
    ring = KeyRing([key.row])
    ring.replace([revoked(key.row)])
    assert ring.authenticate(key.text) == Refused("API key k1 is revoked")
    assert ring.principal("k1") is None


def test_added_key_is_taken_at_once() -> None:
    key = made("events")
    ring = KeyRing()
    ring.replace([key.row])
    assert isinstance(ring.authenticate(key.text), Principal)


def test_ring_knows_whether_anyone_may_administer() -> None:
    key = made("admin")
    assert KeyRing([key.row]).has_admin
    assert not KeyRing([made("events").row, revoked(key.row)]).has_admin

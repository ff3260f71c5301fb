"""Access tokens stand in for an API key, for a while, and never for more than it may."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from server.auth.access import ACCESS_PREFIX, AccessToken, BackendAuth
from server.auth.callers import Principal, Refused
from server.auth.keys import KeyRing, NewKey, new_key


@dataclass
class Clock:
    at: int = 1_000_000

    def now(self) -> int:
        return self.at


@dataclass
class Bench:
    clock: Clock
    ring: KeyRing
    key: NewKey
    auth: BackendAuth

    def issue(self, scope: str = "") -> AccessToken:
        token = self.auth.issue("k1", self.key.text, scope)
        assert isinstance(token, AccessToken)
        return token


@pytest.fixture
def bench() -> Bench:
    clock = Clock()
    key = new_key(id="k1", name="backend", roles=["events", "author"], now=0)
    ring = KeyRing([key.row])
    return Bench(clock, ring, key, BackendAuth(ring, now=clock.now, access_token_s=60, access_tokens_max=3))


def test_api_key_is_taken_as_it_is(bench: Bench) -> None:
    assert bench.auth.authenticate(bench.key.text) == Principal("key", "k1", frozenset({"events", "author"}))


def test_token_acts_as_its_key(bench: Bench) -> None:
    token = bench.issue()
    assert token.text.startswith(ACCESS_PREFIX)
    assert token.expires_at == bench.clock.at + 60_000
    assert bench.auth.authenticate(token.text) == bench.auth.authenticate(bench.key.text)


def test_scope_narrows_the_roles(bench: Bench) -> None:
    assert bench.auth.authenticate(bench.issue("events").text) == Principal(
        "key", "k1", frozenset({"events"})
    )


def test_scope_beyond_the_key_is_refused(bench: Bench) -> None:
    for scope in ("admin", "events operate", "nonsense"):
        assert isinstance(bench.auth.issue("k1", bench.key.text, scope), Refused)


def test_admin_key_may_ask_for_any_role() -> None:
    key = new_key(id="a", name="", roles=["admin"], now=0)
    auth = BackendAuth(KeyRing([key.row]), now=lambda: 0, access_token_s=60, access_tokens_max=3)
    token = auth.issue("a", key.text, "events operate")
    assert isinstance(token, AccessToken)
    assert token.roles == {"events", "operate"}


def test_wrong_client_id_or_secret_is_refused(bench: Bench) -> None:
    assert isinstance(bench.auth.issue("k2", bench.key.text), Refused)
    assert isinstance(bench.auth.issue("k1", "fd_wrong"), Refused)


def test_access_token_cannot_buy_another(bench: Bench) -> None:
    assert isinstance(bench.auth.issue("k1", bench.issue().text), Refused)


def test_token_ends_on_the_millisecond_and_says_so(bench: Bench) -> None:
    token = bench.issue()
    bench.clock.at = token.expires_at - 1
    assert isinstance(bench.auth.authenticate(token.text), Principal)
    bench.clock.at = token.expires_at
    refused = bench.auth.authenticate(token.text)
    assert isinstance(refused, Refused)
    assert refused.detail == "The access token has expired."


def test_revoking_the_key_ends_its_tokens_at_once(bench: Bench) -> None:
    token = bench.issue()
    bench.ring.replace([])
    assert isinstance(bench.auth.authenticate(token.text), Refused)


def test_full_table_forgets_the_oldest_token(bench: Bench) -> None:
    tokens = [bench.issue() for _ in range(4)]
    taken = [isinstance(bench.auth.authenticate(token.text), Principal) for token in tokens]
    assert taken == [False, True, True, True]


@pytest.mark.parametrize("text", ["fdt_", "fdt_" + "A" * 43, "fdt_" + "A" * 1_000, "fdt_é"])
def test_unknown_token_is_refused(bench: Bench, text: str) -> None:
    assert isinstance(bench.auth.authenticate(text), Refused)


def test_token_text_stays_out_of_logs(bench: Bench) -> None:
    token = bench.issue()
    assert token.text not in repr(token)

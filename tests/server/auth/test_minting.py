"""Tokens made for trying things out are taken by the app key they were made with."""

from __future__ import annotations

from typing import Any

import pytest

from server.auth.apps import AppKeyRing
from server.auth.claims import CustomerToken
from server.auth.minting import NotMintable, mint_token
from server.auth.rows import AppKeyRow
from server.auth.tokens import TokenVerifier

NOW = 1_800_000_000_123
SECRET = "s" * 32


@pytest.mark.parametrize(
    "asked", [{}, {"issuers": ("us",)}, {"audience": "web"}, {"customer_claim": "user"}], ids=str
)
def test_minted_token_satisfies_all_that_its_app_key_asks(asked: dict[str, Any]) -> None:
    row = AppKeyRow(name="demo", kind="HS256", material=SECRET, **asked)
    token = mint_token(row, "c-1", now=NOW, ttl_s=3_600)
    verifier = TokenVerifier(
        AppKeyRing([row]),
        now=lambda: NOW,
        leeway_s=0,
        token_bytes_max=4_096,
        cache_max=1,
        missed_kid=lambda: None,
    )
    assert verifier.verify(token) == CustomerToken("c-1", "demo", 1_800_003_600_000, {})


def test_only_shared_secrets_can_mint() -> None:
    row = AppKeyRow(name="idp", kind="JWKS", material="https://example.org/jwks")
    with pytest.raises(NotMintable, match="its own backend"):
        mint_token(row, "c-1", now=NOW, ttl_s=60)


@pytest.mark.parametrize("ttl_s", [0, -1, 61])
def test_life_is_bounded_by_the_app_keys_max_age(ttl_s: int) -> None:
    row = AppKeyRow(name="demo", kind="HS256", material=SECRET, max_age_s=60)
    with pytest.raises(NotMintable, match="1 to 60 seconds"):
        mint_token(row, "c-1", now=NOW, ttl_s=ttl_s)

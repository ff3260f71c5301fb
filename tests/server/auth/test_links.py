"""A link names what it was signed for, until it expires; any other is none."""

from __future__ import annotations

import pytest

from server.auth import links

ID = "019c0000-0000-7000-8000-000000000001"
KEY = b"k" * links.KEY_BYTES


def test_a_link_names_what_it_was_signed_for_until_it_expires() -> None:
    token = links.sign(KEY, ID, expires_at=1_000)
    assert len(token) == links.TOKEN_CHARACTERS
    assert links.read(KEY, token, now=999) == ID
    assert links.read(KEY, token, now=1_000) is None


@pytest.mark.parametrize("at", range(0, links.TOKEN_CHARACTERS, 5))
def test_a_link_that_was_changed_anywhere_is_none(at: int) -> None:
    token = links.sign(KEY, ID, expires_at=1_000)
    other = "A" if token[at] != "A" else "B"
    assert links.read(KEY, token[:at] + other + token[at + 1 :], now=0) is None


@pytest.mark.parametrize("token", ["", "x", "é" * 54, "!" * 54, "A" * 54, "A" * 55])
def test_what_is_no_link_is_none(token: str) -> None:
    assert links.read(KEY, token, now=0) is None


def test_a_link_of_another_key_is_none() -> None:
    assert links.read(links.new_key(), links.sign(KEY, ID, expires_at=1_000), now=0) is None

"""Which addresses nobody else can reach."""

from __future__ import annotations

import pytest

from server.addresses import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "::1", "localhost"])
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.org", "localhost.example.org", "example.org"]
)
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)

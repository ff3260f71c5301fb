"""JWKS documents: what is read from them, and when they are fetched, on a real server on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from server.auth.apps import AppKeyRing
from server.auth.jwks import KEYS_MAX, JwksError, JwksFetcher, JwksSchedule, parse_jwks
from server.auth.rows import AppKeyRow

SCHEDULE = JwksSchedule(refresh_s=600, retry_s=30, stale_s_max=3_600, timeout_s=5, document_bytes_max=16_384)


@functools.cache
def public_jwk(kind: str) -> dict[str, Any]:
    match kind:
        case "RSA":
            text = RSAAlgorithm.to_jwk(rsa.generate_private_key(65_537, 2_048).public_key())
        case "RSA-1024":
            text = RSAAlgorithm.to_jwk(rsa.generate_private_key(65_537, 1_024).public_key())
        case "P-384":
            text = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key())
        case "Ed25519":
            text = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key())
        case "private":
            text = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()))
        case _:
            text = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    jwk: dict[str, Any] = json.loads(text)
    return {name: value for name, value in jwk.items() if name != "key_ops"}


def document(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


def jwk(kind: str = "P-256", kid: str | None = "k1", **more: object) -> dict[str, Any]:
    return {**public_jwk(kind), **({} if kid is None else {"kid": kid}), **more}


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────


def test_keys_of_the_three_kinds_are_read_with_their_ids() -> None:
    keys = parse_jwks(document(jwk("RSA", "r"), jwk("P-256", "e", use="sig"), jwk("Ed25519", None)))
    assert [(key.algorithm, key.id) for key in keys] == [("RS256", "r"), ("ES256", "e"), ("EdDSA", None)]


@pytest.mark.parametrize(
    "other",
    [
        jwk("P-384"),
        jwk("RSA-1024"),
        jwk("RSA", alg="PS256"),
        jwk("RSA", alg="HS256"),
        jwk("RSA", use="enc"),
        jwk(kid="x" * 257),
        jwk(kid=7),  # type: ignore[arg-type]  # what a careless provider may send
        jwk(crv=["P-256"]),
        jwk(x="!"),
        {"kty": "EC", "crv": "P-256"},
        {"kty": ["RSA"]},
        {"kty": "RSA", "n": "", "e": ""},
        {},
        "text",
        None,
    ],
)
def test_keys_that_we_cannot_use_are_left_out(other: object) -> None:
    assert [key.id for key in parse_jwks(document(other, jwk()))] == ["k1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b"[" * 10_000, "not a JSON object"),
        (b"{}", "no list"),
        (b'{"keys": {}}', "no list"),
        (document(), "no key"),
        (document(jwk("P-384")), "no key"),
        (document(*[jwk()] * (KEYS_MAX + 1)), "at most 32 keys"),
        (document(jwk(), {"kty": "oct", "k": "c2VjcmV0"}), "secret or private"),
        (document(jwk("private")), "secret or private"),
    ],
)
def test_document_that_cannot_be_trusted_is_refused_whole(text: bytes, reason: str) -> None:
    with pytest.raises(JwksError, match=reason):
        parse_jwks(text)


# ── fetching ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Clock:
    at: float = 1_000.0

    def monotonic(self) -> float:
        return self.at


@dataclass
class Provider:
    """An identity provider, its document, and how often it was asked."""

    body: bytes = field(default_factory=lambda: document(jwk()))
    status: int = 200
    asked: int = 0
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        self.was_asked.set()
        return web.Response(body=self.body, status=self.status, headers={"Location": "/elsewhere"})

    async def elsewhere(self, _: web.Request) -> web.Response:
        return web.Response(body=document(jwk(kid="elsewhere")))


@dataclass
class Bench:
    provider: Provider
    clock: Clock
    ring: AppKeyRing
    fetcher: JwksFetcher

    def known(self) -> list[str | None]:
        return [key.id for _, key in self.ring.candidates("ES256", None)]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    provider, clock = Provider(), Clock()
    app = web.Application()
    app.router.add_get("/jwks", provider.answer)
    app.router.add_get("/elsewhere", provider.elsewhere)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        ring = AppKeyRing([AppKeyRow(name="idp", kind="JWKS", material=str(server.make_url("/jwks")))])
        yield Bench(provider, clock, ring, JwksFetcher(ring, session, clock, SCHEDULE))


async def test_document_is_fetched_once_and_again_when_due(bench: Bench) -> None:
    await bench.fetcher.refresh()
    assert bench.known() == ["k1"]
    bench.clock.at += 599
    await bench.fetcher.refresh()
    assert bench.provider.asked == 1
    bench.clock.at += 1
    bench.provider.body = document(jwk(kid="k2"))
    await bench.fetcher.refresh()
    assert bench.known() == ["k2"]


async def test_unknown_key_brings_the_next_fetch_forward_but_not_by_much(bench: Bench) -> None:
    await bench.fetcher.refresh()
    bench.clock.at += 29
    for _ in range(100):
        bench.fetcher.nudge()
        await bench.fetcher.refresh()
    assert bench.provider.asked == 1
    bench.clock.at += 1
    await bench.fetcher.refresh()
    assert bench.provider.asked == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, document(jwk(kid="bad"))),
        (302, document(jwk(kid="bad"))),
        (200, b"<html>"),
        (200, document(jwk(kid="bad"), "x" * 20_000)),
    ],
)
async def test_failed_fetch_keeps_the_last_keys_and_tries_again_sooner(
    bench: Bench, status: int, body: bytes
) -> None:
    await bench.fetcher.refresh()
    bench.provider.status, bench.provider.body = status, body
    bench.clock.at += 600
    await bench.fetcher.refresh()
    assert bench.known() == ["k1"]
    bench.provider.status, bench.provider.body = 200, document(jwk(kid="k2"))
    bench.clock.at += 30
    await bench.fetcher.refresh()
    assert bench.known() == ["k2"]


async def test_keys_are_dropped_when_fetching_has_failed_for_too_long(bench: Bench) -> None:
    await bench.fetcher.refresh()
    bench.provider.status = 500
    bench.clock.at += 3_600
    await bench.fetcher.refresh()
    assert bench.known() == ["k1"]
    bench.clock.at += 30
    await bench.fetcher.refresh()
    assert bench.known() == []


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/jwks", "https://" + "a" * 70 + ".invalid/jwks", "https://a..invalid/jwks"]
)
async def test_provider_that_cannot_be_reached_harms_nobody(bench: Bench, address: str) -> None:
    bench.ring.replace([AppKeyRow(name="idp", kind="JWKS", material=address)])
    await bench.fetcher.refresh()
    assert bench.known() == []


async def test_removed_app_key_is_fetched_no_more(bench: Bench) -> None:
    await bench.fetcher.refresh()
    bench.ring.replace([])
    bench.clock.at += 10_000
    await bench.fetcher.refresh()
    assert bench.provider.asked == 1


async def test_running_fetcher_fetches_at_once_and_wakes_when_nudged(bench: Bench) -> None:
    task = asyncio.create_task(bench.fetcher.run())
    await bench.provider.was_asked.wait()
    bench.provider.was_asked.clear()
    bench.clock.at += 30
    bench.fetcher.nudge()
    # One fetch follows the other: when the second is asked for, the first has been read.
    await bench.provider.was_asked.wait()
    assert bench.known() == ["k1"]
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()

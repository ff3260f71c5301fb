"""A server on a store in memory, reached over a real socket, and short words for calling it."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import msgspec

from actors.engine import Engine
from actors.limits import EngineLimits
from actors.memory import MemoryStore
from actors.telemetry import Telemetry
from actors.testing import Robot
from rules.world import World
from server.app import build_live, build_rates
from server.auth.access import BackendAuth
from server.auth.apps import AppKeyRing
from server.auth.keys import KeyRing, new_key
from server.auth.rows import AppKeyRow, Role
from server.auth.tokens import TokenVerifier
from server.clock import SystemClock
from server.http.application import application
from server.http.parts import Parts
from server.listening import listening
from server.observe import Meters
from server.settings import Config

SECRET = "a secret of the app's own backend, long enough"
ROLES: tuple[tuple[Role, ...], ...] = (("admin",), ("events",), ("author",), ("operate",))

WELCOME = """
flow: welcome
name: Welcome
triggers:
  signed_up: {type: event, event: user.signed_up, variables: {plan: =event.data.plan}}
variables:
  plan: {type: string, default: free}
start: greet
steps:
  greet: {type: send_card, card: hello, next: answer}
  answer:
    type: wait
    until:
      - {id: said, type: card, of: greet, action: completed}
      - {id: over, type: time, after: P7D}
    close: [greet]
cards:
  hello:
    title: Hello {{ vars.plan }}
    body:
      - {type: text, text: Welcome.}
      - {type: submit, name: ok, label: Fine}
"""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw)

    @property
    def code(self) -> str:
        assert self.headers["Content-Type"] == "application/problem+json", self.raw
        assert b"Traceback" not in self.raw
        return str(self.body["code"])

    @property
    def pointers(self) -> list[str]:
        return [error["pointer"] for error in self.body["errors"]]


@dataclass(slots=True, kw_only=True)
class Server:
    """One server under test. `keys` are API keys by their only role."""

    url: str
    parts: Parts
    store: MemoryStore
    keys: Mapping[str, str]
    key_ids: Mapping[str, str]
    client: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        role: str | None = "admin",
        token: str | None = None,
        **headers: str,
    ) -> Reply:
        """One request: a body that is no bytes goes as JSON; header names are written with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        secret = token or (self.keys[role] if role else None)
        if secret is not None:
            given.setdefault("Authorization", f"Bearer {secret}")
        data = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        async with self.client.request(
            method, self.url + path, data=data and io.BytesIO(data), headers=given
        ) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    def token(self, customer: str, **claims: object) -> str:
        """What the app's own backend would sign."""
        now_s = self.parts.clock.now() // 1_000
        return jwt.encode(
            {"sub": customer, "iat": now_s, "exp": now_s + 600, **claims}, SECRET, headers={"kid": "shop"}
        )

    async def publish(self, document: str = WELCOME) -> None:
        created = await self.call("POST", "/v1/flows", document.encode(), Content_Type="application/yaml")
        assert created.status == 201, created.raw
        published = await self.call("POST", f"/v1/flows/{created.body['flow']}/publish", {})
        assert published.status == 201, published.raw

    async def journal_names(self) -> list[str]:
        """Names of the events that were stored."""
        entries = await self.store.journal(after=0, limit=1_000)
        return [entry.row.name for entry in entries]


@contextlib.asynccontextmanager
async def serving(config: Config) -> AsyncIterator[Server]:
    """A server on an empty store, from start to stop."""
    clock, store, meters = SystemClock(), MemoryStore(), Meters()
    meta = await store.open()
    made = [new_key(id=f"key-{roles[0]}", name=roles[0], roles=roles, now=clock.now()) for roles in ROLES]
    apps = AppKeyRing(
        [AppKeyRow(name="shop", kind="HS256", material=SECRET, claims={"city": "city", "tier": "tier"})]
    )
    engine = Engine(
        store=store,
        clock=clock,
        limits=EngineLimits(),
        world=World(constants=config.flows.constants),
        telemetry=Telemetry(meters.take),
        performer=Robot(),
    )
    await engine.start()
    parts = Parts(
        config=config,
        clock=clock,
        store=store,
        engine=engine,
        backends=BackendAuth(
            KeyRing(key.row for key in made), now=clock.now, access_token_s=3_600, access_tokens_max=10
        ),
        apps=TokenVerifier(
            apps,
            now=clock.now,
            leeway_s=10,
            token_bytes_max=8_192,
            cache_max=100,
            missed_kid=lambda: None,
        ),
        rates=build_rates(config, clock),
        simulations=asyncio.Semaphore(config.api.simulations_max),
        meters=meters,
        version={"version": "test"},
    )
    app = application(parts, build_live(parts, epoch=meta.epoch))
    local = msgspec.structs.replace(config.server, host="127.0.0.1", port=0)
    async with listening(app, local) as url, aiohttp.ClientSession() as client:
        yield Server(
            url=url,
            parts=parts,
            store=store,
            keys={key.row.roles[0]: key.text for key in made},
            key_ids={key.row.roles[0]: key.row.id for key in made},
            client=client,
        )
    await engine.stop()
    await store.close()

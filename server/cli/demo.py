"""`flowdeck demo`: everything on an embedded store, with example flows, sample customers and a page.

Its credentials are made like anybody's, and its flows and customers come in through the public API.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import click

from rules.calendar.times import rfc3339
from server.addresses import is_loopback
from server.auth.minting import mint_token
from server.auth.rows import AppKeyRow, Role
from server.clock import SystemClock
from server.control import (
    AppList,
    CreateApp,
    CreateKey,
    KeyCreated,
    KeyList,
    ListApps,
    ListKeys,
    RemoveApp,
    RevokeKey,
)
from server.demo.samples import CUSTOMERS, flow_files, flow_samples
from server.demo.session import Demo, Token

from . import stored
from .changes import Change
from .client import Client, Reply, refused
from .failures import Broken
from .folder import configured, perform
from .hosting import host as run_server
from .push import Publishing, push_flow
from .workspace import read_flow

if TYPE_CHECKING:
    from aiohttp import web

    from server.app import Running
    from server.settings import Config

NAME: Final = "demo"
SECRET_BYTES: Final = 32
TOKEN_S: Final = 3_600
EVERY_CARD: Final = "*"
CONTAINER: Final = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """`admin` is for whoever started the demo, `page` posts events and looks, `app` signs tokens."""

    admin: str
    page: str
    app: AppKeyRow


@click.command("demo")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), help="0: any free one. Default: 8080.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@click.option("--data", metavar="DIR", help="Keep what happens here. Default: a temporary folder.")
@click.pass_context
def command(ctx: click.Context, host: str, port: int | None, open_page: bool, data: str | None) -> None:
    """Everything on an embedded store: example flows, sample customers, a page to play with."""
    overrides: dict[str, object] = {"server.host": host, "log.level": "warning"}
    if port is not None:
        overrides["server.port"] = port
    with _folder(data) as folder:
        config = configured(data=str(folder), overrides=overrides)
        credentials = make_credentials(folder)

        def extend(app: web.Application) -> None:
            from server.demo.routes import add_routes

            add_routes(app, demo_of(config, credentials))

        async def started(server: Running) -> None:
            await asyncio.to_thread(fill, server.url, credentials.admin)
            _say_hello(server.url, credentials, kept=data)
            if open_page:
                click.launch(f"{server.url}/demo")

        ctx.exit(run_server(config, started=started, extend=extend))


@contextlib.contextmanager
def _folder(data: str | None) -> Iterator[Path]:
    if data is not None:
        yield Path(data)
        return
    with tempfile.TemporaryDirectory(prefix="flowdeck-demo-") as folder:
        yield Path(folder)


def make_credentials(folder: Path) -> Credentials:
    """New ones with every start; those of an earlier start end."""
    _end_earlier(folder)
    app = AppKeyRow(name=NAME, kind="HS256", material=secrets.token_hex(SECRET_BYTES))
    perform(folder, CreateApp(row=app))
    return Credentials(admin=_new_key(folder, "admin"), page=_new_key(folder, "events", "operate"), app=app)


def _end_earlier(folder: Path) -> None:
    keys = perform(folder, ListKeys())
    assert isinstance(keys, KeyList)
    for key in keys.items:
        if key.name == NAME and key.revoked_at is None:
            perform(folder, RevokeKey(id=key.id))
    apps = perform(folder, ListApps())
    assert isinstance(apps, AppList)
    if any(app.name == NAME for app in apps.items):
        perform(folder, RemoveApp(name=NAME))


def _new_key(folder: Path, *roles: Role) -> str:
    key = perform(folder, CreateKey(name=NAME, roles=roles, seed=secrets.token_bytes(16)))
    assert isinstance(key, KeyCreated)
    return key.text


def demo_of(config: Config, credentials: Credentials) -> Demo:
    """What the page is handed."""
    clock = SystemClock()
    shown = config.containers.get(CONTAINER)

    def mint(customer: str) -> Token:
        now = clock.now()
        text = mint_token(credentials.app, customer, now=now, ttl_s=TOKEN_S)
        return Token(text=text, expires_at=rfc3339(now + TOKEN_S * 1_000))

    return Demo(
        customers=CUSTOMERS,
        flows=flow_samples(),
        key=credentials.page,
        container=EVERY_CARD if shown is None else CONTAINER,
        title="Cards" if shown is None else shown.title,
        mint=mint,
    )


def fill(url: str, key: str) -> None:
    """Publish the example flows and write the sample customers, as any backend would."""
    with Client(url, key) as client:
        for file in flow_files():
            flow = read_flow(file)
            push_flow(client, flow, stored.draft(client, flow.key), Publishing(), say=_say_nothing)
        for customer in CUSTOMERS:
            _succeeded(client.reach("PUT", f"/v1/customers/{quote(customer.id)}", customer.profile))


def _say_nothing(_: Change) -> None:
    """The demo says what it is once it is ready."""


def _succeeded(reply: Reply) -> None:
    if not reply.ok:
        raise Broken(f"the demo could not be filled: {refused(reply).message}")


def _say_hello(url: str, credentials: Credentials, *, kept: str | None) -> None:
    click.echo()
    click.secho("  Flowdeck demo", bold=True)
    click.echo()
    for label, text in (
        ("page", f"{url}/demo"),
        ("API", f"{url}/docs"),
        ("admin key", credentials.admin),
        ("data", kept or "a temporary folder, gone at the end"),
    ):
        click.echo(f"  {label:10} {click.style(text, fg='green') if label == 'page' else text}")
    click.echo()
    click.secho(
        "  DEMO ONLY: whoever can open the page can post events and act as any of its customers.", fg="yellow"
    )
    if not is_loopback(url.split("://")[1].rpartition(":")[0].strip("[]")):
        click.secho("  It listens beyond this machine, and nothing that is said is encrypted.", fg="red")
    click.echo("  Ctrl-C stops it.\n")

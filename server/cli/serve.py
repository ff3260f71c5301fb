"""`flowdeck serve`: the server, refused while nobody could operate it or others could listen in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.config import exposed_without_tls
from server.control import KeyList, ListKeys

from .failures import Misused
from .folder import configured, folder_options, perform
from .hosting import host as run_server

if TYPE_CHECKING:
    from server.app import Running
    from server.settings import Config


@click.command("serve")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), help="0: any free one.")
@folder_options
@click.pass_context
def command(
    ctx: click.Context, host: str | None, port: int | None, data: str | None, config_file: Path | None
) -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    config = configured(config_file, data=data, overrides=_given(host, port))
    _check(config)
    ctx.exit(run_server(config, started=_say_where))


def _given(host: str | None, port: int | None) -> dict[str, object]:
    given = {"server.host": host, "server.port": port}
    return {name: value for name, value in given.items() if value is not None}


def _check(config: Config) -> None:
    if exposed_without_tls(config.server):
        raise Misused(
            f"{config.server.host} can be reached by others, and what is said there could be read",
            hint="set server.tls_cert and server.tls_key, or behind_proxy = true if a proxy ends TLS",
        )
    keys = perform(Path(config.store.folder), ListKeys())
    assert isinstance(keys, KeyList)
    if not any("admin" in key.roles and key.revoked_at is None for key in keys.items):
        raise Misused(
            f"{config.store.folder} has no admin key: nobody could operate the server",
            hint="`flowdeck keys create --role admin` makes one",
        )


async def _say_where(server: Running) -> None:
    click.echo(server.url)

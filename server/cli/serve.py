"""`flowdeck serve`: the server, refused while nobody could operate it or others could listen in."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.config import exposed_without_tls

from .failures import Misused
from .folder import configured, folder_options, load_over
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
    """Run the server until SIGTERM or Ctrl-C. SIGHUP takes the containers of the configuration anew."""
    read = partial(load_over, config_file, data=data, overrides=_given(host, port))
    config = configured(config_file, data=data, overrides=_given(host, port))
    _check_exposure(config)
    ctx.exit(run_server(config, started=_say_where, reread=read))


def _given(host: str | None, port: int | None) -> dict[str, object]:
    given = {"server.host": host, "server.port": port}
    return {name: value for name, value in given.items() if value is not None}


def _check_exposure(config: Config) -> None:
    if exposed_without_tls(config.server):
        raise Misused(
            f"{config.server.host} can be reached by others, and what is said there could be read",
            hint="set server.tls_cert and server.tls_key, or behind_proxy = true if a proxy ends TLS",
        )


async def _say_where(server: Running) -> None:
    click.echo(server.url)

"""`flowdeck token`: a customer's token for trying things out."""

from __future__ import annotations

from pathlib import Path

import click

from rules.calendar.times import rfc3339
from server.auth.claims import CUSTOMER_BYTES_MAX
from server.control import MintToken, TokenMinted

from .answers import json_option, say_json
from .durations import SECONDS
from .folder import data_folder, existing, folder_options, perform

TTL_S_DEFAULT = 3_600


@click.command("token")
@click.argument("customer")
@click.option("--app", required=True, metavar="NAME", help="Of HS256: of others we hold no private key.")
@click.option("--ttl", "ttl_s", type=SECONDS, default=TTL_S_DEFAULT, help="Its life. Default: PT1H.")
@folder_options
@json_option
def command(
    customer: str, app: str, ttl_s: int, data: str | None, config_file: Path | None, as_json: bool
) -> None:
    """Print a token that opens the app's API for CUSTOMER."""
    if not customer or not customer.isprintable() or len(customer.encode()) > CUSTOMER_BYTES_MAX:
        raise click.BadParameter(
            f"use printable text of at most {CUSTOMER_BYTES_MAX} bytes", param_hint="CUSTOMER"
        )
    request = MintToken(app=app, customer=customer, ttl_s=ttl_s)
    answer = perform(existing(data_folder(config_file, data)), request)
    assert isinstance(answer, TokenMinted)
    if as_json:
        say_json({"token": answer.text, "expires_at": rfc3339(answer.expires_at)})
    else:
        click.echo(answer.text)

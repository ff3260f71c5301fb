"""`flowdeck version`."""

from __future__ import annotations

import click

from .answers import json_option, say_json


@click.command("version")
@json_option
def command(as_json: bool) -> None:
    """Which version this is."""
    from importlib.metadata import version

    found = version("flowdeck")
    if as_json:
        say_json({"version": found})
    else:
        click.echo(f"flowdeck {found}")

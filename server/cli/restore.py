"""`flowdeck restore`: makes a data folder from a backup; what was in it is set aside, not lost."""

from __future__ import annotations

from pathlib import Path

import click

from actors.ports import StoreError
from server.db.lock import FolderInUse

from .answers import json_option, say_json
from .failures import Broken, Failure, Misused, hint


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--data", metavar="DIR", required=True, type=click.Path(path_type=Path), help="The data folder."
)
@json_option
def command(file: Path, data: Path, as_json: bool) -> None:
    """Put the backup FILE in place of what DIR holds. Apps then read their feeds anew."""
    from server.db.backup import restore

    if not file.is_file():
        raise Misused(f"{file} is not a file")
    try:
        meta, kept = restore(file, data)
    except FolderInUse as error:
        raise Failure(str(error), hint="stop the server first") from error
    except StoreError as error:
        raise Broken(str(error), hint=f"nothing in {data} was changed") from error
    if kept is not None:
        hint(f"what was there is kept in {kept}")
    if as_json:
        say_json({"data": str(data), "epoch": meta.epoch, "kept": None if kept is None else str(kept)})
    else:
        click.echo(str(data))

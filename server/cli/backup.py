"""`flowdeck backup`: the committed state of a data folder as one file, also while its server runs."""

from __future__ import annotations

from pathlib import Path

import click

from actors.ports import StoreError

from .answers import json_option, say_json
from .failures import Broken, Failure
from .folder import data_folder, existing, folder_options


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@folder_options
@json_option
def command(file: Path, data: str | None, config_file: Path | None, as_json: bool) -> None:
    """Copy the data into FILE, which must not exist yet."""
    from server.db.backup import back_up

    folder = existing(data_folder(config_file, data))
    if file.exists():
        raise Failure(f"{file} exists; a backup overwrites nothing")
    try:
        size_bytes = back_up(folder, file)
    except StoreError as error:
        raise Broken(str(error)) from error
    if as_json:
        say_json({"file": str(file), "size_bytes": size_bytes})
    else:
        click.echo(str(file))

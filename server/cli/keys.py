"""`flowdeck keys`: API keys of backends and people."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import cast

import click

from rules.calendar.times import rfc3339
from server.auth.rows import ROLES, Role
from server.control import CreateKey, Done, KeyCreated, KeyList, KeyShown, ListKeys, RevokeKey

from .answers import is_terminal, json_option, say_columns, say_json
from .failures import hint
from .folder import data_folder, existing, folder_options, perform

NAME_CHARACTERS_MAX = 100
SEED_BYTES = 16


@click.group("keys")
def command() -> None:
    """API keys of backends and people: create, list, revoke."""


@command.command("create")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="Again for more roles."
)
@click.option("--name", default="", help="What it is for; shown in lists.")
@folder_options
@json_option
def create(
    roles: tuple[str, ...], name: str, data: str | None, config_file: Path | None, as_json: bool
) -> None:
    """Make an API key and print it, alone: it is shown this once."""
    if len(name) > NAME_CHARACTERS_MAX or not name.isprintable():
        raise click.BadParameter(
            f"use at most {NAME_CHARACTERS_MAX} printable characters", param_hint="--name"
        )
    wanted = cast("tuple[Role, ...]", roles)
    request = CreateKey(name=name, roles=wanted, seed=secrets.token_bytes(SEED_BYTES))
    answer = perform(data_folder(config_file, data), request)
    assert isinstance(answer, KeyCreated)
    if as_json:
        say_json({"id": answer.id, "key": answer.text, "name": name, "roles": list(roles)})
        return
    if is_terminal():
        hint(
            f"it is stored as a digest and cannot be shown again; `flowdeck keys revoke {answer.id}` ends it"
        )
    click.echo(answer.text)


@command.command("list")
@folder_options
@json_option
def list_keys(data: str | None, config_file: Path | None, as_json: bool) -> None:
    """Show the keys: never their texts."""
    answer = perform(existing(data_folder(config_file, data)), ListKeys())
    assert isinstance(answer, KeyList)
    if as_json:
        say_json({"items": [_as_json(key) for key in answer.items]})
        return
    rows = [_row(key) for key in answer.items]
    say_columns(("ID", "ROLES", "CREATED", "STATE", "NAME"), rows)


@command.command("revoke")
@click.argument("id")
@folder_options
@json_option
def revoke(id: str, data: str | None, config_file: Path | None, as_json: bool) -> None:
    """Refuse a key from now on, in a running server too."""
    answer = perform(existing(data_folder(config_file, data)), RevokeKey(id=id))
    assert isinstance(answer, Done)
    if answer.last_admin:
        hint("no admin key is left: the server will not start again without one")
    if as_json:
        say_json({"id": id})
    else:
        click.echo(id)


def _row(key: KeyShown) -> tuple[str, ...]:
    state = "works" if key.revoked_at is None else f"revoked {rfc3339(key.revoked_at)}"
    return (key.id, ",".join(key.roles), rfc3339(key.created_at), state, key.name)


def _as_json(key: KeyShown) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "roles": list(key.roles),
        "created_at": rfc3339(key.created_at),
        "revoked_at": None if key.revoked_at is None else rfc3339(key.revoked_at),
    }

"""`flowdeck apps`: what verifies the tokens of an app's customers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from rules.calendar.times import rfc3339
from server.auth.apps import AppKeyError, algorithm_of
from server.auth.rows import MAX_AGE_S_DEFAULT, AppKeyKind, AppKeyRow
from server.control import AppList, AppShown, CreateApp, ListApps, RemoveApp

from .answers import json_option, say_columns, say_json
from .durations import SECONDS
from .failures import Misused
from .folder import data_folder, existing, folder_options, perform

STDIN = "-"
CUSTOMER_ID = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the command line says, by the names of its options."""

    name: str
    hs256: str | None
    public_key: Path | None
    jwks: str | None
    issuers: tuple[str, ...]
    audience: str
    max_age: int
    claims: tuple[str, ...]
    data: str | None
    config_file: Path | None
    as_json: bool


@click.group("apps")
def command() -> None:
    """What verifies the tokens of an app's customers: create, list, remove."""


@command.command("create")
@click.argument("name")
@click.option("--hs256", metavar="SECRET", help="A shared secret of 32 bytes or more; - reads it from stdin.")
@click.option("--public-key", "public_key", metavar="FILE", type=click.Path(path_type=Path), help="In PEM.")
@click.option("--jwks", metavar="URL", help="Where the public keys are published.")
@click.option("--issuer", "issuers", multiple=True, help="Take only tokens of this issuer. Again for more.")
@click.option("--audience", default="", help="Take only tokens for this audience.")
@click.option(
    "--max-age", type=SECONDS, default=MAX_AGE_S_DEFAULT, help="Longest life of a token. Default: P7D."
)
@click.option(
    "--claim",
    "claims",
    metavar="CLAIM=FIELD",
    multiple=True,
    help="Copy a claim into a field of the customer; FIELD id: the claim that names it, instead of sub.",
)
@folder_options
@json_option
def create(**given: Any) -> None:
    """Register an app by what its tokens are signed with."""
    app = _Given(**given)
    kind, material = _material(app)
    customer_claim, mapped = _mapped(app.claims)
    row = AppKeyRow(
        name=app.name,
        kind=kind,
        material=material,
        issuers=app.issuers,
        audience=app.audience,
        max_age_s=app.max_age,
        customer_claim=customer_claim,
        claims=mapped,
    )
    perform(data_folder(app.config_file, app.data), CreateApp(row=row))
    if app.as_json:
        say_json({"name": app.name, "kind": kind})
    else:
        click.echo(app.name)


@command.command("list")
@folder_options
@json_option
def list_apps(data: str | None, config_file: Path | None, as_json: bool) -> None:
    """Show the apps: never their secrets."""
    answer = perform(existing(data_folder(config_file, data)), ListApps())
    assert isinstance(answer, AppList)
    if as_json:
        say_json({"items": [_as_json(app) for app in answer.items]})
        return
    rows = [
        (app.name, app.kind, f"{app.max_age_s} s", rfc3339(app.created_at), app.source or "")
        for app in answer.items
    ]
    say_columns(("NAME", "KIND", "MAX AGE", "CREATED", "SOURCE"), rows)


@command.command("remove")
@click.argument("name")
@folder_options
@json_option
def remove(name: str, data: str | None, config_file: Path | None, as_json: bool) -> None:
    """Take no tokens of this app any more, in a running server too."""
    perform(existing(data_folder(config_file, data)), RemoveApp(name=name))
    if as_json:
        say_json({"name": name})
    else:
        click.echo(name)


def _material(app: _Given) -> tuple[AppKeyKind, str]:
    given = [value for value in (app.hs256, app.public_key, app.jwks) if value is not None]
    if len(given) != 1:
        raise click.UsageError("give one of --hs256, --public-key and --jwks")
    if app.hs256 is not None:
        return "HS256", sys.stdin.readline().rstrip("\n") if app.hs256 == STDIN else app.hs256
    if app.jwks is not None:
        return "JWKS", app.jwks
    assert app.public_key is not None
    return _public_key(app.public_key)


def _public_key(file: Path) -> tuple[AppKeyKind, str]:
    try:
        pem = file.read_text("ascii")
        return algorithm_of(pem), pem
    except OSError as error:
        raise Misused(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Misused(f"{file} is not a key in PEM") from error
    except AppKeyError as error:
        raise Misused(f"{file}: {error.message}") from error


def _mapped(claims: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """The claim that names the customer, and the others with their fields."""
    customer_claim, mapped = "sub", {}
    for text in claims:
        claim, _, field = text.partition("=")
        if not claim or not field:
            raise click.BadParameter(f"{text!r} is not CLAIM=FIELD", param_hint="--claim")
        if field == CUSTOMER_ID:
            customer_claim = claim
        else:
            mapped[claim] = field
    return customer_claim, mapped


def _as_json(app: AppShown) -> dict[str, object]:
    return {
        "name": app.name,
        "kind": app.kind,
        "source": app.source,
        "issuers": list(app.issuers),
        "audience": app.audience,
        "max_age_s": app.max_age_s,
        "customer_claim": app.customer_claim,
        "claims": app.claims,
        "created_at": rfc3339(app.created_at),
    }

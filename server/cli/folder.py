"""Which data folder a command is about, and who answers for it: its running server, or the command itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from actors.ports import StoreError
from server.config import ConfigError, load
from server.control import Answer, Desk, Refusal, Request
from server.control_socket import Unreachable, ask
from server.db.connection import DATABASE
from server.db.lock import FolderInUse, FolderLock
from server.settings import Config

from .failures import Broken, Failure, Misused

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
DATA_VARIABLE = "FLOWDECK_DATA"


def folder_options(command: Decorated) -> Decorated:
    """`--data` and `--config`, given to the command as `data` and `config_file`."""
    data = click.option("--data", metavar="DIR", envvar=DATA_VARIABLE, help="The data folder.")
    file = click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Default: config.toml.",
    )
    return data(file(command))


def configured(
    config_file: Path | None = None, *, data: str | None = None, overrides: dict[str, object] | None = None
) -> Config:
    """The configuration with the flags over it, or the end of the command."""
    try:
        return load_over(config_file, data=data, overrides=overrides)
    except ConfigError as error:
        lines = ["the configuration cannot be used", *(f"  {problem}" for problem in error.problems)]
        raise Misused("\n".join(lines)) from error


def load_over(
    config_file: Path | None = None, *, data: str | None = None, overrides: dict[str, object] | None = None
) -> Config:
    """The configuration with the flags over it, or ConfigError."""
    given = dict(overrides or {})
    if data:
        given["store.folder"] = data
    return load(config_file, overrides=given)


def data_folder(config_file: Path | None, data: str | None) -> Path:
    return Path(configured(config_file, data=data).store.folder)


def existing(folder: Path) -> Path:
    """The folder if there is an installation in it, or the end of the command."""
    if not (folder / DATABASE).exists():
        raise Failure(
            f"there is no installation in {folder}",
            hint="--data or FLOWDECK_DATA names another folder; `flowdeck keys create` makes a new one",
        )
    return folder


def perform(folder: Path, request: Request) -> Answer:
    """The answer, from whoever holds the folder; a refusal ends the command."""
    try:
        with FolderLock(folder):
            answer = asyncio.run(_perform_here(folder, request))
    except FolderInUse:
        answer = _ask_holder(folder, request)
    except StoreError as error:
        raise Broken(
            f"the store cannot be used: {error}", hint="`flowdeck doctor` looks for the reason"
        ) from error
    except OSError as error:
        raise Broken(f"{folder}: {error.strerror or error}") from error
    if isinstance(answer, Refusal):
        raise Failure(answer.message, hint=answer.hint)
    return answer


def _ask_holder(folder: Path, request: Request) -> Answer:
    try:
        return ask(folder, request)
    except Unreachable as error:
        raise Broken(
            f"{folder} is in use, and its server does not answer: {error}",
            hint="it may be starting or stopping: try again in a moment",
        ) from error


async def _perform_here(folder: Path, request: Request) -> Answer:
    from server.clock import SystemClock
    from server.db.store import SqliteStore

    clock = SystemClock()
    store = SqliteStore(folder, now=clock.now)
    await store.open()
    try:
        return await Desk(store, now=clock.now, changed=_nobody_to_tell).perform(request)
    finally:
        await store.close()


async def _nobody_to_tell() -> None:
    """No server runs: the next one reads the keys at its start."""

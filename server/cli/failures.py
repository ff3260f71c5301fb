"""How a command ends that did not do what was asked: a sentence, a hint, and the exit code."""

from __future__ import annotations

from typing import IO, Any

import click


class Failure(click.ClickException):
    """The answer is no: an invalid flow, a refused request. Shown on stderr as `error: …` and `hint: …`."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: IO[Any] | None = None) -> None:
        click.secho("error: ", err=True, nl=False, fg="red", bold=True)
        click.echo(self.message, err=True)
        if self.hint:
            hint(self.hint)


class Misused(Failure):
    """The command was given something that it cannot work with."""

    exit_code = 2


class Broken(Failure):
    """The server or the store failed."""

    exit_code = 3


def hint(text: str) -> None:
    """Something to know that is no part of the answer."""
    click.secho("hint: ", err=True, nl=False, fg="cyan")
    click.echo(text, err=True)

"""How a command answers: lines and columns for people and scripts, one JSON document with `--json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
GAP = "  "


def json_option(command: Decorated) -> Decorated:
    """`--json`, given to the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")(command)


def say_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2 if is_terminal() else None))


def say_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned under a header on a terminal; elsewhere separated by tabs, for scripts to cut."""
    if not is_terminal():
        for row in rows:
            click.echo("\t".join(row))
        return
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    click.secho(_aligned(header, widths), bold=True)
    for row in rows:
        click.echo(_aligned(row, widths))


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def is_terminal() -> bool:
    return sys.stdout.isatty()

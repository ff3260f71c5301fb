"""What a command did to each flow, segment and project: a line as it happens, or one JSON document.

The document is also written where the command ends early: then it says what was done until then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import click

from .answers import say_json

What: TypeAlias = Literal["created", "updated", "unchanged"]
Say: TypeAlias = Callable[["Change"], None]
_COLOURS: Final = {"created": "green", "updated": "yellow", "unchanged": "bright_black"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`name`: the flow's key, the segment's id, the file's name of a project. `version` is what is published
    now, if publishing was asked for."""

    kind: Literal["project", "segment", "flow"]
    name: str
    what: What
    file: Path | None = None
    version: int | None = None


@contextmanager
def telling(*, as_json: bool, by_file: bool = False) -> Iterator[Say]:
    """Gives what is called with each change. `by_file`: files are what changes, and named first."""
    said: list[Change] = []

    def say(change: Change) -> None:
        said.append(change)
        if not as_json:
            click.echo(_line(change, by_file=by_file))

    try:
        yield say
    finally:
        if as_json:
            say_json({"changes": [_as_json(change) for change in said]})


def _line(change: Change, *, by_file: bool) -> str:
    name = f"segment {change.name}" if change.kind == "segment" else change.name
    if by_file and change.file is not None:
        name = str(change.file)
    published = "" if change.version is None else f", version {change.version} is published"
    return f"{name}: {click.style(change.what, fg=_COLOURS[change.what])}{published}"


def _as_json(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind,
        "name": change.name,
        "change": change.what,
        "file": None if change.file is None else str(change.file),
        "version": change.version,
    }

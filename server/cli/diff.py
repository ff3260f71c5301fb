"""`flowdeck diff`: says how the flows and the project of files differ from what a server holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .answers import is_terminal, json_option, say_json
from .client import Client, server_options
from .comparing import Compared, Edit, Entry, State, compare
from .failures import Failure
from .workspace import read_workspace

if TYPE_CHECKING:
    from rules.difference import FieldChange

VALUE_CHARS_SHOWN: Final = 60
"""Of a value in a line: `--json` has all of it."""
_STATES: Final[Mapping[State, tuple[str, str]]] = {
    "same": ("the same", "bright_black"),
    "changed": ("changed", "yellow"),
    "only_here": ("only here", "green"),
    "only_on_server": ("only on the server", "red"),
}
_EDITS: Final[Mapping[Edit, State]] = {
    "added": "only_here",
    "removed": "only_on_server",
    "changed": "changed",
}


@click.command("diff")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--published", is_flag=True, help="Compare with what is published, in place of drafts.")
@server_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Say how files differ from what a server holds: nothing, if they are the same.

    With a folder, also what only the server has is told, but for archived flows. What is compared is what
    documents say, step by step and template by template: comments and layout do not count. Values stand as
    "the server's -> the file's".

    Exit codes: 0 all are the same, 1 something differs.
    """
    workspace = read_workspace(given["paths"])
    is_whole = any(path.is_dir() for path in given["paths"])
    with Client(given["server"], given["key"]) as client:
        found = compare(client, workspace, is_published=given["published"], is_whole=is_whole)
        compared = list(found)
    different = [each for each in compared if each.state != "same"]
    if given["as_json"]:
        say_json({"same": not different, "documents": [_as_json(each) for each in compared]})
    else:
        _say(different, same_count=len(compared) - len(different))
    ctx.exit(Failure.exit_code if different else 0)


def _say(different: Sequence[Compared], *, same_count: int) -> None:
    for each in different:
        click.echo(f"{each.file or each.name}: {_word(each.state)}")
        for entry in each.entries:
            for line in _lines(entry):
                click.echo(f"  {line}")
    if is_terminal():
        click.echo(f"{len(different)} different, {same_count} the same", err=True)


def _lines(entry: Entry) -> Iterator[str]:
    name = entry.part if entry.id is None else f"{entry.part} {entry.id}"
    yield f"{name}: {_word(_EDITS[entry.edit])}"
    for field in entry.fields:
        yield f"  {field.path or '/'}: {_shown(field, 'old')} -> {_shown(field, 'new')}"


def _word(state: State) -> str:
    word, colour = _STATES[state]
    return click.style(word, fg=colour)


def _shown(field: FieldChange, side: str) -> str:
    held = _sides(field)
    if side not in held:
        return "nothing"
    text = json.dumps(held[side], ensure_ascii=False)
    return text if len(text) <= VALUE_CHARS_SHOWN else f"{text[: VALUE_CHARS_SHOWN - 1]}…"


def _sides(field: FieldChange) -> Mapping[str, object]:
    """Its path, and what is on the sides that have it, as JSON."""
    import msgspec

    plain: Mapping[str, object] = msgspec.to_builtins(field)
    return plain


def _as_json(compared: Compared) -> dict[str, object]:
    return {
        "kind": compared.kind,
        "name": compared.name,
        "file": None if compared.file is None else str(compared.file),
        "state": compared.state,
        "changes": [
            {
                "part": entry.part,
                "id": entry.id,
                "change": entry.edit,
                "fields": [_sides(field) for field in entry.fields],
            }
            for entry in compared.entries
        ],
    }

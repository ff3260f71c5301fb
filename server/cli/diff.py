"""`flowdeck diff`: how the flows and the project of files differ from what a server holds.

What is compared is what documents say, not how they are written: comments, quotes and order of keys are the
same. In which parts a flow differs is told by its steps and templates, a project by its entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import click

from . import stored
from .answers import is_terminal, json_option, say_json
from .client import Client, server_options
from .failures import Broken, Failure
from .project import PROJECT_FILE
from .stored import Stored
from .workspace import FlowFile, ProjectFile, Workspace, read_workspace

if TYPE_CHECKING:
    from rules.documents.project import Project

State: TypeAlias = Literal["same", "changed", "only_here", "only_on_server"]
_WORDS: Final[Mapping[State, tuple[str, str]]] = {
    "same": ("the same", "bright_black"),
    "changed": ("changed", "yellow"),
    "only_here": ("only here", "green"),
    "only_on_server": ("only on the server", "red"),
}
_STATES: Final[Mapping[str, State]] = {
    "added": "only_here",
    "removed": "only_on_server",
    "changed": "changed",
}
_SECTIONS: Final = ("fields", "event_schemas", "segments", "constants")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One document. `parts`: what in it is not the same, by name."""

    kind: Literal["project", "flow"]
    name: str
    state: State
    file: Path | None = None
    parts: Mapping[str, State] = field(default_factory=dict)


@click.command("diff")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--published", is_flag=True, help="Compare with what is published, in place of drafts.")
@server_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Say how files differ from what a server holds: nothing, if they are the same.

    With a folder, also what only the server has is told, but for archived flows. What is compared is what the
    documents say: comments and layout of the text do not count.

    Exit codes: 0 all are the same, 1 something differs.
    """
    workspace = read_workspace(given["paths"])
    is_whole = any(path.is_dir() for path in given["paths"])
    with Client(given["server"], given["key"]) as client:
        compared = [*_project(client, workspace.project, is_whole=is_whole)]
        compared += _flows(client, workspace, is_published=given["published"], is_whole=is_whole)
    different = [each for each in compared if each.state != "same"]
    if given["as_json"]:
        say_json({"same": not different, "documents": [_as_json(each) for each in compared]})
    else:
        _say(different, same_count=len(compared) - len(different))
    ctx.exit(Failure.exit_code if different else 0)


# ── comparing ──────────────────────────────────────────────────────────────────────────────────────────


def _flows(client: Client, workspace: Workspace, *, is_published: bool, is_whole: bool) -> Iterator[Compared]:
    there = stored.flows(client)
    here = {file.key for file in workspace.flows}
    for file in workspace.flows:
        flow = there.get(file.key)
        document = None if flow is None else stored.document(client, flow, is_published=is_published)
        yield _flow(file, document)
    for flow in there.values():
        has_one = flow.published is not None or not is_published
        if is_whole and has_one and flow.key not in here and not flow.is_archived:
            yield Compared(kind="flow", name=flow.key, state="only_on_server")


def _flow(file: FlowFile, document: Stored | None) -> Compared:
    from rules.documents.forms import is_equal
    from rules.documents.syntax import parse

    if document is None:
        return Compared(kind="flow", name=file.key, state="only_here", file=file.path)
    data, _ = parse(document.text, type=document.type)
    if is_equal(file.document.data, data):
        return Compared(kind="flow", name=file.key, state="same", file=file.path)
    parts = dict(_steps(file, document))
    return Compared(kind="flow", name=file.key, state="changed", file=file.path, parts=parts)


def _steps(file: FlowFile, document: Stored) -> Iterator[tuple[str, State]]:
    """What has changed, by step and template: nothing where it is laid out anew, or said in other words."""
    from rules.compiling.flows import Document, load
    from rules.difference import difference

    there = load(document.text, type=document.type)
    if isinstance(there, Document):
        for change in difference(there.flow, file.document.flow):
            yield f"{change.part} {change.id or ''}".rstrip(), _STATES[change.change]


def _project(client: Client, file: ProjectFile | None, *, is_whole: bool) -> Iterator[Compared]:
    if file is None and not is_whole:
        return
    there = stored.project(client)
    has_one = there.document is not None or bool(there.segments)
    if file is None:
        if has_one:
            yield Compared(kind="project", name=PROJECT_FILE, state="only_on_server")
        return
    if not has_one:
        yield Compared(kind="project", name=PROJECT_FILE, state="only_here", file=file.path)
        return
    parts = dict(_entries(file.document, _read(there.whole)))
    state: State = "changed" if parts else "same"
    yield Compared(kind="project", name=PROJECT_FILE, state=state, file=file.path, parts=parts)


def _read(text: bytes) -> Project:
    from rules.compiling.project import compile_project

    document = compile_project(text, type="yaml").document
    if document is None:
        raise Broken("the server has a project that this version of flowdeck does not read")
    return document


def _entries(here: Project, there: Project) -> Iterator[tuple[str, State]]:
    """What is not the same, by section and key."""
    for section in _SECTIONS:
        yield from _differing(section, getattr(here, section), getattr(there, section))
    yield from _differing("app_events", dict.fromkeys(here.app_events), dict.fromkeys(there.app_events))


def _differing(
    section: str, here: Mapping[str, object], there: Mapping[str, object]
) -> Iterator[tuple[str, State]]:
    from rules.documents.forms import is_equal

    for key in sorted({*here, *there}):
        if key not in there:
            yield f"{section} {key}", "only_here"
        elif key not in here:
            yield f"{section} {key}", "only_on_server"
        elif not is_equal(here[key], there[key]):
            yield f"{section} {key}", "changed"


# ── saying ─────────────────────────────────────────────────────────────────────────────────────────────


def _say(different: Sequence[Compared], *, same_count: int) -> None:
    for each in different:
        click.echo(f"{each.file or each.name}: {_word(each.state)}")
        for part, state in each.parts.items():
            click.echo(f"  {part}: {_word(state)}")
    if is_terminal():
        click.echo(f"{len(different)} different, {same_count} the same", err=True)


def _word(state: State) -> str:
    word, colour = _WORDS[state]
    return click.style(word, fg=colour)


def _as_json(compared: Compared) -> dict[str, object]:
    return {
        "kind": compared.kind,
        "name": compared.name,
        "file": None if compared.file is None else str(compared.file),
        "state": compared.state,
        "parts": dict(compared.parts),
    }

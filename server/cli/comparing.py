"""How the flows and the project of files differ from those of a server: which documents, and what in them.

What is compared is what documents say, not how they are written. "Old" is what the server has, "new" what
the files have: what a push would change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from server.project_file import PROJECT_FILE

from . import stored
from .client import Client
from .failures import Broken
from .stored import Stored
from .workspace import FlowFile, ProjectFile, Workspace

if TYPE_CHECKING:
    from rules.difference import FieldChange
    from rules.documents.project import Project

State: TypeAlias = Literal["same", "changed", "only_here", "only_on_server"]
Edit: TypeAlias = Literal["added", "removed", "changed"]

_SECTIONS = ("fields", "event_schemas", "segments", "constants")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A step, a template, a segment, …; `id` is None for what a flow has once. `fields`: what in it."""

    part: str
    id: str | None
    edit: Edit
    fields: Sequence[FieldChange] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One document. `entries`: what in it is not the same."""

    kind: Literal["project", "flow"]
    name: str
    state: State
    file: Path | None = None
    entries: Sequence[Entry] = ()


def compare(
    client: Client, workspace: Workspace, *, is_published: bool, is_whole: bool
) -> Iterator[Compared]:
    """`is_whole`: the workspace is a folder, so that what only the server has is a difference too."""
    yield from _project(client, workspace.project, is_whole=is_whole)
    there = dict(stored.flows(client))
    for file in workspace.flows:
        flow = there.pop(file.key, None)
        yield _flow(file, None if flow is None else stored.document(client, flow, is_published=is_published))
    for flow in there.values() if is_whole else ():
        if not flow.is_archived and (flow.published is not None or not is_published):
            yield Compared(kind="flow", name=flow.key, state="only_on_server")


# ── flows ──────────────────────────────────────────────────────────────────────────────────────────────


def _flow(file: FlowFile, document: Stored | None) -> Compared:
    if document is None:
        return Compared(kind="flow", name=file.key, state="only_here", file=file.path)
    entries = tuple(_of_flow(file, document))
    state: State = "changed" if entries else "same"
    return Compared(kind="flow", name=file.key, state=state, file=file.path, entries=entries)


def _of_flow(file: FlowFile, document: Stored) -> Iterator[Entry]:
    from rules.compiling.flows import load
    from rules.difference import difference

    loaded = load(document.text, type=document.type)
    if isinstance(loaded, list):
        raise Broken(f"the server has a flow {file.key} that this version of flowdeck does not read")
    for change in difference(loaded.flow, file.document.flow):
        yield Entry(part=change.part, id=change.id, edit=change.change, fields=change.fields)


# ── the project ────────────────────────────────────────────────────────────────────────────────────────


def _project(client: Client, file: ProjectFile | None, *, is_whole: bool) -> Iterator[Compared]:
    if file is None and not is_whole:
        return
    there = stored.project(client)
    if there.document is None and not there.segments:
        if file is not None:
            yield Compared(kind="project", name=PROJECT_FILE, state="only_here", file=file.path)
    elif file is None:
        yield Compared(kind="project", name=PROJECT_FILE, state="only_on_server")
    else:
        entries = tuple(_of_project(_read(there.whole), file.document))
        state: State = "changed" if entries else "same"
        yield Compared(kind="project", name=PROJECT_FILE, state=state, file=file.path, entries=entries)


def _read(text: bytes) -> Project:
    from rules.compiling.project import compile_project

    document = compile_project(text, type="yaml").document
    if document is None:
        raise Broken("the server has a project that this version of flowdeck does not read")
    return document


def _of_project(old: Project, new: Project) -> Iterator[Entry]:
    for section in _SECTIONS:
        yield from _of_section(section, getattr(old, section), getattr(new, section))
    yield from _of_section("app_events", dict.fromkeys(old.app_events), dict.fromkeys(new.app_events))


def _of_section(section: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Entry]:
    from rules.documents.forms import is_equal

    for id in sorted({*old, *new}):
        if id not in old:
            yield Entry(part=section, id=id, edit="added")
        elif id not in new:
            yield Entry(part=section, id=id, edit="removed")
        elif not is_equal(old[id], new[id]):
            yield Entry(part=section, id=id, edit="changed")

"""`flowdeck pull`: writes the flows and the project of a server into a folder.

Everything is read before anything is written. A flow goes into the file of the folder that holds it already;
nothing is ever deleted, and no file is overwritten that is not of that flow.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from server.project_file import PROJECT_FILE

from . import stored
from .answers import json_option
from .changes import Change, What, telling
from .client import Client, server_options
from .documents import document_type, read_document
from .failures import Failure, Misused, hint
from .stored import Stored, StoredFlow
from .workspace import flow_keys


@dataclass(frozen=True, slots=True)
class Target:
    """What a file is to hold: as the server has it, in the form of the file."""

    change: Change
    path: Path
    text: bytes


@click.command("pull")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("flows", metavar="[FLOW…]", nargs=-1)
@click.option("--published", is_flag=True, help="Take what is published, in place of drafts.")
@server_options
@json_option
def command(**given: Any) -> None:
    """Write a server's flows into a folder, and its project as `flowdeck.yaml`.

    Files that hold a flow already are the ones that are written; new ones are named by the flow. With names
    of flows, only these are taken, and no project. Archived flows are only taken by name.
    """
    folder: Path = given["folder"]
    with Client(given["server"], given["key"]) as client:
        listed = _listed(client, given["flows"])
        targets = [*_flows(client, folder, listed, is_published=given["published"])]
        if not given["flows"]:
            targets += _project(client, folder)
    with telling(as_json=given["as_json"], by_file=True) as say:
        for target in targets:
            if target.change.what != "unchanged":
                _write(target.path, target.text)
            say(target.change)


def _listed(client: Client, names: Sequence[str]) -> Sequence[StoredFlow]:
    """The flows that are meant, by their keys."""
    flows = stored.flows(client)
    unknown = [name for name in names if name not in flows]
    if unknown:
        raise Failure(f"the server has no flow {', '.join(unknown)}", hint="nothing was written")
    if names:
        return [flows[name] for name in dict.fromkeys(names)]
    return [flow for flow in flows.values() if not flow.is_archived]


# ── what is to be written ──────────────────────────────────────────────────────────────────────────────


def _flows(
    client: Client, folder: Path, listed: Sequence[StoredFlow], *, is_published: bool
) -> Iterator[Target]:
    files = flow_keys(folder)
    for flow in listed:
        document = stored.document(client, flow, is_published=is_published)
        if document is None:
            hint(f"{flow.key} has no published version")
        else:
            yield _target(flow.key, folder, files.get(flow.key, ()), document)


def _target(key: str, folder: Path, files: Sequence[Path], document: Stored) -> Target:
    if len(files) > 1:
        raise Failure(f"the flow {key} is in several files: {', '.join(map(str, files))}")
    path = files[0] if files else folder / _file_name(key, document)
    if not files and path.exists():
        raise Failure(
            f"{path} is there, but does not hold the flow {key}", hint="move it away, and pull again"
        )
    text = document.text if document_type(path) == document.type else _in_form_of(path, document)
    is_same = path.exists() and stored.is_same(document, read_document(path), document_type(path))
    what = _what(is_there=bool(files), is_same=is_same)
    return Target(Change(kind="flow", name=key, what=what, file=path), path, text)


def _file_name(key: str, document: Stored) -> str:
    """A flow may be called as the project's file is."""
    name = f"{key}.{document.type}"
    return f"{key}-flow.{document.type}" if name == PROJECT_FILE else name


def _in_form_of(path: Path, document: Stored) -> bytes:
    from rules.documents.forms import in_form

    return in_form(document.text.decode(), type=document.type, wanted=document_type(path)).encode()


def _project(client: Client, folder: Path) -> Iterator[Target]:
    """None, if the server has neither a project nor segments."""
    project, path = stored.project(client), folder / PROJECT_FILE
    if project.document is None and not project.segments:
        return
    text = project.whole
    is_there = path.exists()
    what = _what(is_there=is_there, is_same=is_there and read_document(path) == text)
    yield Target(Change(kind="project", name=PROJECT_FILE, what=what, file=path), path, text)


def _what(*, is_there: bool, is_same: bool) -> What:
    if is_same:
        return "unchanged"
    return "updated" if is_there else "created"


# ── writing ────────────────────────────────────────────────────────────────────────────────────────────


def _write(path: Path, text: bytes) -> None:
    """Whole or not at all: whoever reads meanwhile sees the old file or the new one."""
    path = path.resolve()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(text)
        if path.exists():
            shutil.copymode(path, unfinished)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise Misused(f"{path} cannot be written: {error.strerror}") from error

"""Brings a project from its file to a server: the document first, then the segments that it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import stored
from .changes import Change, What
from .client import Client, Reply, refused
from .documents import MEDIA_TYPES, refused_document
from .failures import Failure
from .stored import StoredProject
from .workspace import ProjectFile

if TYPE_CHECKING:
    from rules.documents.project import SegmentRule


def push_project(client: Client, file: ProjectFile) -> Iterator[Change]:
    """Each change, once it is made. What is the same already is left alone."""
    before = stored.project(client)
    yield save_project(client, file, before)
    for id, wanted in file.document.segments.items():
        yield _save_segment(client, file, id, wanted, before.segments.get(id))


def save_project(client: Client, file: ProjectFile, before: StoredProject) -> Change:
    """Unless somebody else wrote it since `before` was read."""
    name = file.path.name
    if before.document is not None and file.text in (before.document.text, before.whole):
        return Change(kind="project", name=name, what="unchanged", file=file.path)
    media = {"Content-Type": MEDIA_TYPES["yaml"], "If-Match": before.etag}
    reply = client.reach("PUT", "/v1/project", file.text, headers=media)
    if reply.code == "precondition_failed":
        raise Failure(f"{file.path}: somebody else wrote the project at the same time", hint="push again")
    if not reply.ok:
        raise refused_document(reply, file.path)
    what: What = "created" if before.document is None else "updated"
    return Change(kind="project", name=name, what=what, file=file.path)


def _save_segment(
    client: Client, file: ProjectFile, id: str, wanted: SegmentRule, before: SegmentRule | None
) -> Change:
    new = {"rule": wanted.rule, "name": wanted.name, "description": wanted.description}
    if before is None:
        _accepted(client.reach("POST", "/v1/segments", {"id": id, **new}), file, id)
        return Change(kind="segment", name=id, what="created", file=file.path)
    # A rule that is sent is held against everybody anew, so only what differs is.
    differing = {field: value for field, value in new.items() if getattr(before, field) != value}
    if differing:
        _accepted(client.reach("PATCH", f"/v1/segments/{id}", differing), file, id)
    return Change(kind="segment", name=id, what="updated" if differing else "unchanged", file=file.path)


def _accepted(reply: Reply, file: ProjectFile, id: str) -> None:
    if not reply.ok:
        raise refused(reply, about=f"{file.path}: segment {id}")

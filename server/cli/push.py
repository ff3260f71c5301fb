"""`flowdeck push`: brings flows and the project from files to a server, and publishes the flows if asked.

Everything is read and checked before anything is sent. Safe beside other editors: what is on the server is
only replaced in the revision that was looked at, and what is the same already is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from . import stored
from .answers import json_option
from .changes import Change, Say, telling
from .client import Client, Reply, server_options
from .documents import MEDIA_TYPES, refused_document
from .failures import Failure
from .project_writes import push_project
from .publish import Running, publish_options
from .stored import Stored
from .workspace import FlowFile, read_workspace


@dataclass(frozen=True, slots=True)
class Publishing:
    """How to publish: what becomes of instances of older versions, and a note."""

    running: Running = "keep"
    note: str = ""


@click.command("push")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--publish", is_flag=True, help="Publish each flow as its next version.")
@publish_options
@server_options
@json_option
def command(**given: Any) -> None:
    """Create or update flows on a server, and its project.

    A folder stands for its documents (*.yaml, *.yml, *.json) and those of the folders in it, without
    *.test.yaml. A `flowdeck.yaml` among them becomes the server's project, and its segments are created or
    changed; segments that it does not name stay.
    """
    publishing = Publishing(given["running"], given["note"]) if given["publish"] else None
    workspace = read_workspace(given["paths"])  # all of it, before anything is sent
    with Client(given["server"], given["key"]) as client, telling(as_json=given["as_json"]) as say:
        looked_at = [(file, stored.draft(client, file.key)) for file in workspace.flows]
        if workspace.project is not None:
            for change in push_project(client, workspace.project):
                say(change)
        for file, draft in looked_at:
            push_flow(client, file, draft, publishing, say)


def push_flow(
    client: Client, file: FlowFile, draft: Stored | None, publishing: Publishing | None, say: Say
) -> None:
    """Make the file the flow's draft, which was `draft`, and its next version if asked."""
    change, etag = _save(client, file, draft)
    try:
        if publishing is not None:
            change = _publish(client, file, change, etag, publishing)
    finally:
        say(change)  # a draft that cannot be published is saved all the same


def _save(client: Client, file: FlowFile, draft: Stored | None) -> tuple[Change, str]:
    """What became of the draft, and the ETag that it has now."""
    change = Change(kind="flow", name=file.key, what="unchanged", file=file.path)
    if draft is not None and stored.is_same(draft, file.text, file.type):
        return change, draft.etag
    media = {"Content-Type": MEDIA_TYPES[file.type]}
    if draft is None:
        reply = client.reach("POST", "/v1/flows", file.text, headers=media)
    else:
        address = f"{stored.flow_address(file.key)}/draft"
        reply = client.reach("PUT", address, file.text, headers={**media, "If-Match": draft.etag})
    _accepted(reply, file)
    return replace(change, what="created" if draft is None else "updated"), reply.headers["etag"]


def _publish(client: Client, file: FlowFile, change: Change, etag: str, publishing: Publishing) -> Change:
    """Publish the draft of that ETag, unless it is what is published already."""
    address = stored.flow_address(file.key)
    if change.what == "unchanged":
        current = client.get(address).json()["published"]
        if current is not None and _is_version(client, file, current):
            return replace(change, version=current)
    body = {"running": publishing.running, "note": publishing.note}
    reply = client.reach("POST", f"{address}/publish", body, headers={"If-Match": etag})
    _accepted(reply, file)
    return replace(change, version=reply.json()["version"])


def _is_version(client: Client, file: FlowFile, number: int) -> bool:
    return stored.is_same(stored.version(client, file.key, number), file.text, file.type)


def _accepted(reply: Reply, file: FlowFile) -> None:
    if reply.code in ("precondition_failed", "key_exists"):
        raise Failure(f"{file.path}: somebody else saved the draft at the same time", hint="push again")
    if not reply.ok:
        raise refused_document(reply, file.path)

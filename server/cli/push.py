"""`flowdeck push`: creates or updates flows on a server from files, and publishes them if asked.

Safe beside other editors: a draft is only replaced in the revision that was looked at, and one that is the
same already is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import click

from .answers import json_option, say_json
from .client import Client, Reply, refused, server_options
from .documents import MEDIA_TYPES, document_type, read_document, shown
from .failures import Failure

if TYPE_CHECKING:
    from rules.compiling.flows import Document

Change: TypeAlias = Literal["created", "updated", "unchanged"]
Running: TypeAlias = Literal["keep", "cancel"]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of one file. `version` is what is published now, if publishing was asked for."""

    file: Path
    flow: str
    change: Change
    version: int | None = None


@click.command("push")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--publish", is_flag=True, help="Publish each flow as its next version.")
@click.option(
    "--running",
    type=click.Choice(["keep", "cancel"]),
    default="keep",
    show_default=True,
    help="What becomes of instances of older versions.",
)
@click.option("--note", default="", help="A note for the version.")
@server_options
@json_option
def command(**given: Any) -> None:
    """Create or update flows on a server."""
    with Client(given["server"], given["key"]) as client:
        for file in given["files"]:
            read_flow(file)  # all of them, before anything is sent
        for file in given["files"]:
            pushed = push_file(
                client, file, publish=given["publish"], running=given["running"], note=given["note"]
            )
            _say(pushed, as_json=given["as_json"])


def push_file(
    client: Client, file: Path, *, publish: bool, running: Running = "keep", note: str = ""
) -> Pushed:
    """Make the file the flow's draft, and its next version if `publish` says so."""
    pushed = push_draft(client, file, read_flow(file))
    return publish_draft(client, pushed, running=running, note=note) if publish else pushed


def read_flow(file: Path) -> Document:
    from rules.compiling.flows import load

    loaded = load(read_document(file), type=document_type(file))
    if isinstance(loaded, list):
        raise Failure("\n".join(["nothing was sent", *(f"  {shown(file, each)}" for each in loaded)]))
    return loaded


def push_draft(client: Client, file: Path, document: Document) -> Pushed:
    """Make the flow's draft what is in the file."""
    text = read_document(file)
    media = {"Content-Type": MEDIA_TYPES[document_type(file)]}
    reply = client.reach("POST", "/v1/flows", text, headers=media)
    if reply.ok:
        return Pushed(file, document.key, "created")
    if reply.code != "key_exists":
        raise _refused(reply, file)
    address = f"/v1/flows/{document.key}/draft"
    draft = client.reach("GET", address, headers={"Accept": media["Content-Type"]})
    if not draft.ok:
        raise _refused(draft, file)
    if draft.body == text:
        return Pushed(file, document.key, "unchanged")
    saved = client.reach("PUT", address, text, headers={**media, "If-Match": draft.headers["etag"]})
    if saved.code == "precondition_failed":
        raise Failure(f"{file}: somebody else saved the draft at the same time", hint="push again")
    if not saved.ok:
        raise _refused(saved, file)
    return Pushed(file, document.key, "updated")


def publish_draft(client: Client, pushed: Pushed, *, running: Running, note: str) -> Pushed:
    """Publish the draft, unless it is what is published already."""
    address = f"/v1/flows/{pushed.flow}"
    if pushed.change == "unchanged":
        current = client.get(address).json()["published"]
        if current is not None and _is_published(client, f"{address}/versions/{current}", pushed.file):
            return Pushed(pushed.file, pushed.flow, pushed.change, current)
    reply = client.reach("POST", f"{address}/publish", {"running": running, "note": note})
    if not reply.ok:
        raise _refused(reply, pushed.file)
    return Pushed(pushed.file, pushed.flow, pushed.change, reply.json()["version"])


def _is_published(client: Client, address: str, file: Path) -> bool:
    document: object = client.get(address).json().get("document")
    return document == read_document(file).decode()


def _refused(reply: Reply, file: Path) -> Failure:
    """Problems of a document, each where it stands in the file; anything else as it came."""
    decoded = reply.json()
    problems = decoded.get("errors", []) if isinstance(decoded, dict) else []
    located = [each for each in problems if each.get("line") is not None]
    if not located:
        return refused(reply)
    lines = [
        f"  {file}:{each['line']}:{each.get('column') or 1}: error {each['code']}: {each['message']}"
        for each in located
    ]
    return Failure("\n".join([reply.detail, *lines]))


def _say(pushed: Pushed, *, as_json: bool) -> None:
    if as_json:
        say_json({"flow": pushed.flow, "change": pushed.change, "version": pushed.version})
        return
    published = "" if pushed.version is None else f", version {pushed.version} is published"
    click.echo(f"{pushed.flow}: {pushed.change}{published}")

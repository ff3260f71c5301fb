"""`flowdeck publish`: makes a flow's draft its next version, or says what that would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from . import stored
from .answers import json_option, say_json
from .client import Client, Reply, server_options
from .documents import refused_document
from .failures import Failure


@click.command("publish")
@click.argument("flow", metavar="FLOW")
@click.option(
    "--running",
    type=click.Choice(["keep", "cancel"]),
    default="keep",
    show_default=True,
    help="What becomes of instances of older versions.",
)
@click.option("--note", default="", help="A note for the version.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@server_options
@json_option
def command(**given: Any) -> None:
    """Publish a flow's draft as its next version.

    Says what checks find, and how many instances of older versions there are; with --dry-run only that.
    """
    with Client(given["server"], given["key"]) as client:
        address = stored.flow_address(given["flow"])
        body = {"running": given["running"], "note": given["note"]}
        revision = client.get(address).json()["draft_revision"]
        preview = _accepted(client.reach("POST", f"{address}/publish?dry_run=true", body), given["flow"])
        version: int | None = None
        if not given["dry_run"]:
            # What was looked at, and nothing that somebody saved since.
            sent = client.reach("POST", f"{address}/publish", body, headers={"If-Match": f'"{revision}"'})
            version = _accepted(sent, given["flow"])["version"]
    if given["as_json"]:
        say_json({"flow": given["flow"], "published": version, **preview})
    else:
        _say(given["flow"], preview, version, running=given["running"])


def _accepted(reply: Reply, flow: str) -> Mapping[str, Any]:
    if reply.code == "precondition_failed":
        raise Failure(f"somebody else saved the draft of {flow} at the same time", hint="publish again")
    if reply.ok:
        answer: Mapping[str, Any] = reply.json()
        return answer
    raise refused_document(reply, flow)


def _say(flow: str, preview: Mapping[str, Any], version: int | None, *, running: str) -> None:
    """Last what was made: scripts take the last line."""
    for each in preview["problems"]:
        place = f"{flow}:{each['line'] or 1}:{each['column'] or 1}"
        click.echo(f"{place}: {each['severity']} {each['code']}: {each['message']}")
    fate = "be cancelled" if running == "cancel" else "stay"
    for each in preview["running"]:
        click.echo(f"version {each['version']}: {each['count']} {each['status']} will {fate}")
    verb = "would be" if version is None else "is"
    click.echo(f"{flow}: version {version or preview['version']} {verb} published")

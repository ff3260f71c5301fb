"""`flowdeck publish`: makes a flow's draft its next version, or says what that would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias, TypeVar

import click

from . import stored
from .answers import json_option, say_json
from .client import Client, Reply, server_options
from .documents import refused_document
from .failures import Failure

Running: TypeAlias = Literal["keep", "cancel", "migrate"]
Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_FATES: Final = {"keep": "kept", "cancel": "cancelled"}


def publish_options(command: Decorated) -> Decorated:
    """`--running` and `--note`, given to the command by these names."""
    running = click.option(
        "--running",
        type=click.Choice(["keep", "cancel", "migrate"]),
        default="keep",
        show_default=True,
        help="What becomes of instances of older versions.",
    )
    return running(click.option("--note", default="", help="A note for the version.")(command))


@click.command("publish")
@click.argument("flow", metavar="FLOW")
@publish_options
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@server_options
@json_option
def command(**given: Any) -> None:
    """Publish a flow's draft as its next version.

    Says what checks find, and what becomes of instances of older versions; with --dry-run only that.
    """
    with Client(given["server"], given["key"]) as client:
        address = stored.flow_address(given["flow"])
        body = {"running": given["running"], "note": given["note"]}
        revision = client.get(address).json()["draft_revision"]
        preview = _accepted(client.reach("POST", f"{address}/publish?dry_run=true", body), given["flow"])
        published: Mapping[str, Any] = {"version": None, "job": None}
        if not given["dry_run"]:
            # What was looked at, and nothing that somebody saved since.
            looked_at = {"If-Match": f'"{revision}"'}
            sent = client.reach("POST", f"{address}/publish", body, headers=looked_at)
            published = _accepted(sent, given["flow"])
    if given["as_json"]:
        answer = {"flow": given["flow"], "published": published["version"], "job": published["job"]}
        say_json({**answer, **preview})
        return
    for line in _lines(given["flow"], preview, published, running=given["running"]):
        click.echo(line)


def _accepted(reply: Reply, flow: str) -> Mapping[str, Any]:
    if reply.code == "precondition_failed":
        raise Failure(f"somebody else saved the draft of {flow} at the same time", hint="publish again")
    if not reply.ok:
        raise refused_document(reply, flow)
    answer: Mapping[str, Any] = reply.json()
    return answer


def _lines(
    flow: str, preview: Mapping[str, Any], published: Mapping[str, Any], *, running: Running
) -> Iterator[str]:
    """Last what was made: scripts take the last line."""
    for problem in preview["problems"]:
        place = f"{flow}:{problem['line'] or 1}:{problem['column'] or 1}"
        yield f"{place}: {problem['severity']} {problem['code']}: {problem['message']}"
    if running == "migrate":
        for tried in preview["migrated"]:
            yield from _moves(tried)
    else:
        for count in preview["running"]:
            yield f"version {count['version']}: {count['count']} {count['status']}, {_FATES[running]}"
    if published["job"] is not None:
        yield f"job {published['job']} moves them"
    if published["version"] is None:
        yield f"{flow}: version {preview['version']} would be published"
    else:
        yield f"{flow}: version {published['version']} is published"


def _moves(tried: Mapping[str, Any]) -> Iterator[str]:
    """Of one version: how many of those that were tried can be moved, and why others cannot."""
    counts = f"{tried['running']} live, {tried['tried']} tried, {tried['moved']} can move"
    stayed = "".join(f", {count} stay: {reason}" for reason, count in sorted(tried["stayed"].items()))
    yield f"version {tried['version']}: {counts}{stayed}"
    for example in tried["examples"]:
        yield f"  {example['instance']}: {example['message']}"

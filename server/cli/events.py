"""`flowdeck events send`: posts events from a file of JSON lines, in batches, each safe to send again.

Every event gets an id before it leaves, so that a batch whose answer was lost can be repeated: what the
server has already comes back as a duplicate.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Protocol

import click

from .answers import json_option, say_json
from .client import Client, Reply, Unanswered, refused, server_options
from .failures import Broken, Failure, Misused

STDIN: Final = Path("-")
NDJSON: Final = "application/x-ndjson"
BATCH_EVENTS_DEFAULT: Final = 500
BATCH_EVENTS_MAX: Final = 10_000
# A quarter of what the server takes, so that a batch of long events is no long wait either.
BATCH_BYTES_MAX: Final = 4 * 1024 * 1024
TRIES_MAX: Final = 8
BACKOFF_S_FIRST: Final = 0.5
BACKOFF_S_MAX: Final = 30.0
MAY_BE_SENT_AGAIN: Final = frozenset({429, 502, 503, 504})
WRONG_SHOWN_MAX: Final = 20


@dataclass(slots=True)
class Batch:
    """Lines of events, with the number that each has in the file."""

    lines: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    read_bytes: int = 0

    @property
    def body(self) -> bytes:
        return b"\n".join(self.lines)


@dataclass(slots=True)
class Counts:
    accepted: int = 0
    duplicates: int = 0
    conflicts: list[str] = field(default_factory=list)


class Progress(Protocol):
    def update(self, n_steps: int) -> object: ...


@click.group("events")
def command() -> None:
    """Post events from a file."""


@command.command("send")
@click.argument("file", default=STDIN, type=click.Path(path_type=Path))
@click.option(
    "--batch",
    "batch_events",
    type=click.IntRange(1, BATCH_EVENTS_MAX),
    default=BATCH_EVENTS_DEFAULT,
    show_default=True,
    help="Events in one request.",
)
@server_options
@json_option
def send(file: Path, batch_events: int, server: str, key: str | None, as_json: bool) -> None:
    """Post the events in FILE (JSON lines; - or nothing: stdin) and say what became of them.

    Give the events ids of their own, and sending the same file again changes nothing.
    """
    counts = Counts()
    with Client(server, key) as client, _opened(file) as lines, _progress(file, lines) as progress:
        for batch in batches(lines, file, batch_events):
            _count(counts, deliver(client, batch, file))
            progress.update(batch.read_bytes)
    if as_json:
        say_json(
            {"accepted": counts.accepted, "duplicates": counts.duplicates, "conflicts": counts.conflicts}
        )
    else:
        conflicts = f", conflicts {len(counts.conflicts)}" if counts.conflicts else ""
        click.echo(f"accepted {counts.accepted}, duplicates {counts.duplicates}{conflicts}")
    if counts.conflicts:
        named = ", ".join(counts.conflicts[:WRONG_SHOWN_MAX])
        raise Failure(f"other events were sent before under the ids {named}")


def batches(lines: Iterator[bytes] | IO[bytes], file: Path, batch_events: int) -> Iterator[Batch]:
    """The events in batches of a bounded size; a line that is none ends the command, by its number."""
    batch, size_bytes = Batch(), 0
    for number, line in enumerate(lines, start=1):
        text = _with_id(line, f"{file}:{number}")
        if batch.lines and (len(batch.lines) >= batch_events or size_bytes + len(text) > BATCH_BYTES_MAX):
            yield batch
            batch, size_bytes = Batch(), 0
        batch.read_bytes += len(line)
        if text:
            batch.lines.append(text)
            batch.numbers.append(number)
            size_bytes += len(text) + 1
    if batch.lines:
        yield batch


def _with_id(line: bytes, place: str) -> bytes:
    """The event with an id, as one line; nothing for a blank one."""
    if not line.strip():
        return b""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Failure(f"{place}: not JSON: {error}", hint="the lines before it may have been sent") from error
    if not isinstance(event, dict):
        raise Failure(f"{place}: not an event: a JSON object with name, customer, data …")
    if "id" in event:
        return line.strip()
    return json.dumps({"id": str(uuid.uuid4()), **event}, ensure_ascii=False).encode("utf-8", "surrogatepass")


def deliver(client: Client, batch: Batch, file: Path) -> list[dict[str, Any]]:
    """Send a batch until the server has answered for it; the results, in the order of the events."""
    why = ""
    for tried in range(1, TRIES_MAX + 1):
        try:
            reply = client.call("POST", "/v1/events", batch.body, headers={"Content-Type": NDJSON})
        except Unanswered as error:
            why, wait_s = str(error), None
        else:
            if reply.ok:
                results: list[dict[str, Any]] = reply.json()["results"]
                return results
            if reply.status not in MAY_BE_SENT_AGAIN:
                raise _wrong(reply, batch, file)
            why, wait_s = reply.detail, reply.retry_after_s
        if tried < TRIES_MAX:
            _wait(tried, wait_s)
    raise Broken(
        f"given up after {TRIES_MAX} tries: {why}", hint="send the file again once the server answers"
    )


def _wait(tried: int, asked_s: float | None) -> None:
    """As long as the server asks, else twice as long each time; never all senders at once."""
    most_s = min(BACKOFF_S_MAX, BACKOFF_S_FIRST * 2 ** (tried - 1))
    chance = random.random()  # noqa: S311 - spreads senders in time, guards nothing
    time.sleep(min(BACKOFF_S_MAX, asked_s if asked_s is not None else 0.0) + most_s * chance)


def _wrong(reply: Reply, batch: Batch, file: Path) -> Failure:
    """A refused batch: each error by the line that it is about."""
    if reply.status != 422:
        return refused(reply)
    errors = reply.json().get("errors", [])[:WRONG_SHOWN_MAX]
    lines = [
        f"  {_place(each.get('pointer', ''), batch, file)}: {each.get('message', '')}" for each in errors
    ]
    return Failure("\n".join([reply.detail, *lines]), hint="nothing of this batch was stored")


def _place(pointer: str, batch: Batch, file: Path) -> str:
    first, _, rest = pointer.removeprefix("/").partition("/")
    if not first.isdecimal() or int(first) >= len(batch.numbers):
        return f"{file} {pointer}"
    return f"{file}:{batch.numbers[int(first)]}" + (f" /{rest}" if rest else "")


def _count(counts: Counts, results: list[dict[str, Any]]) -> None:
    for result in results:
        match result["status"]:
            case "accepted":
                counts.accepted += 1
            case "duplicate":
                counts.duplicates += 1
            case _:
                counts.conflicts.append(str(result["id"]))


def _opened(file: Path) -> AbstractContextManager[IO[bytes]]:
    if file == STDIN:
        return contextlib.nullcontext(sys.stdin.buffer)
    try:
        return file.open("rb")
    except OSError as error:
        raise Misused(f"{file} cannot be read: {error.strerror}") from error


def _progress(file: Path, lines: IO[bytes]) -> AbstractContextManager[Progress]:
    """A bar on a terminal, for a file whose length is known."""
    if file == STDIN or not sys.stderr.isatty():
        return contextlib.nullcontext(_Silent())
    size = max(1, file.stat().st_size)
    return click.progressbar(length=size, label="sending", file=sys.stderr)


class _Silent:
    def update(self, n_steps: int) -> None:
        """Nobody is looking."""

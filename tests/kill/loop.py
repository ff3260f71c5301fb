"""Kills a server under load again and again, then holds what is left against what its clients know.

`python -m tests.kill.loop --kills 1000 --seed 7` is the same for a longer time; a violation prints the seed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp

from .audit import as_text, audit
from .book import Book
from .load import Backend
from .phones import Phone
from .process import FLOWDECK, Server, new_server
from .publisher import Publisher

FLOWS = Path(__file__).parent / "flows"
BACKENDS = 6
CUSTOMERS_EACH = 3
ROOMS = 4
PHONES = 8
UP_S_MAX = 0.7
"""For how long a server takes calls before it is killed."""
EARLY_SHARE = 0.25
"""Of the kills come while the server starts."""
PAUSE_SHARE = 0.1
STOP_SHARE = 0.1
"""Of its ends are asked for, as an operator does: those lose nothing either, and say so by exit code 0."""
QUIET_S_MAX = 40.0


class Client(Protocol):
    async def run(self, stop: asyncio.Event) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    book: Book
    violations: list[str]
    complaints: list[str]
    kills: int
    seconds: float

    def summary(self) -> str:
        book = self.book
        return (
            f"{self.kills} kills in {self.seconds:.0f} s: {len(book.accepted)} events acknowledged, "
            f"{book.unknown} attempts without an answer, {book.repeats} repeats, "
            f"{book.resumed} resumptions, "
            f"{len(book.answered)} answers to cards"
        )


async def kill_loop(
    folder: Path,
    *,
    kills: int,
    seed: int,
    command: Sequence[str] = FLOWDECK,
    seconds_max: float = 3_600.0,
    publishes: bool = False,
) -> Result:
    """Until so many kills, or so many seconds; then the audit. `publishes`: versions come and take along what
    runs."""
    began = time.monotonic()
    chance = random.Random(seed)
    server = new_server(folder, command=command)
    book = Book()
    customers = [f"c{number}" for number in range(BACKENDS * CUSTOMERS_EACH)]
    book.rooms.update({customer: f"room-{number % ROOMS}" for number, customer in enumerate(customers)})
    killed = 0
    try:
        await server.start()
        backends = new_backends(server, book, customers, chance)
        await prepare(server, backends)
        phones = [
            Phone(
                server.url,
                lambda customer=customer: server.token(customer),  # type: ignore[misc]
                customer,
                book,
                random.Random(chance.random()),
            )
            for customer in chance.choices(customers, k=PHONES)
        ]
        publisher = Publisher(server.url, server.key, book, random.Random(chance.random()))
        async with under_load([*backends, *phones, *([publisher] if publishes else [])]):
            while killed < kills and time.monotonic() - began < seconds_max:
                if chance.random() < STOP_SHARE:
                    await stop_once(server, book)
                else:
                    killed += await kill_once(server, chance)
        await quiet(server)
        await look_again(phones, book)
        code = await server.stop()
        if code != 0:
            book.complain(f"the server ended with exit code {code}")
    finally:
        await server.kill()
    violations = await audit(server.data, book)
    return Result(
        book=book,
        violations=violations,
        complaints=server.complaints(),
        kills=killed,
        seconds=time.monotonic() - began,
    )


def new_backends(
    server: Server, book: Book, customers: Sequence[str], chance: random.Random
) -> list[Backend]:
    numbers = itertools.count(1)
    return [
        Backend(
            server.url,
            server.key,
            book,
            customers[start : start + CUSTOMERS_EACH],
            random.Random(chance.random()),
            numbers,
            pause_s=0.01,
        )
        for start in range(0, len(customers), CUSTOMERS_EACH)
    ]


async def prepare(server: Server, backends: Sequence[Backend]) -> None:
    """Publish the flows and give every customer a ledger."""
    headers = {"Authorization": f"Bearer {server.key}"}
    async with aiohttp.ClientSession(server.url, headers=headers) as session:
        for path in sorted(FLOWS.glob("*.yaml")):
            await call(session, "/v1/flows", path.read_text(), "application/yaml")
            await call(session, f"/v1/flows/{path.stem}/publish", "{}", "application/json")
        for backend in backends:
            await backend.open(session)


async def call(session: aiohttp.ClientSession, path: str, body: str, media_type: str) -> None:
    async with session.post(path, data=body, headers={"Content-Type": media_type}) as response:
        assert response.status < 300, f"{path}: {response.status} {await response.text()}"


@contextlib.asynccontextmanager
async def under_load(clients: Sequence[Client]) -> AsyncIterator[None]:
    """Clients at work; at the end each has its answers: nobody is left who does not know."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(client.run(stop))
        try:
            yield
        finally:
            stop.set()


async def stop_once(server: Server, book: Book) -> None:
    code = await server.stop()
    if code != 0:
        book.complain(f"a server that was asked to stop ended with exit code {code}")
    await server.start()


async def kill_once(server: Server, chance: random.Random) -> int:
    """At a moment of its life under load, perhaps again while it starts; then it is there. How many kills."""
    if chance.random() < PAUSE_SHARE:
        await server.pause(chance.uniform(0.1, 0.6))
    await asyncio.sleep(chance.uniform(0.0, UP_S_MAX))
    await server.kill()
    await server.spawn()
    kills = 1
    if chance.random() < EARLY_SHARE:
        await asyncio.sleep(chance.uniform(0.0, server.start_s))
        await server.kill()
        await server.spawn()
        kills += 1
    await server.started()
    return kills


async def quiet(server: Server) -> None:
    """Until every alarm has rung, every offer is over, and nothing waits in the inbox."""
    deadline = time.monotonic() + QUIET_S_MAX
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/flowdeck.db?mode=ro", uri=True)) as db:
        while time.monotonic() < deadline:
            running = db.execute(
                "select (select count(*) from instances where flow <> 'ledger' and status = 'running')"
                " + (select count(*) from inbox)"
                " + (select count(*) from jobs where state in ('waiting', 'running'))"
            ).fetchone()[0]
            if not running:
                return
            await asyncio.sleep(0.1)


async def look_again(phones: Sequence[Phone], book: Book) -> None:
    """Every phone comes back once more with its cursor; a new one of the same customer holds the same."""
    for phone in phones:
        other = Phone(phone.url, phone.token, phone.customer, book, phone.chance)
        book.views += [(phone.customer, await phone.look()), (phone.customer, await other.look())]


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill a server under load and look at what is left.")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--publishes", action="store_true", help="publish versions that take along what runs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowdeck-kill-") as folder:
        result = asyncio.run(
            kill_loop(Path(folder), kills=given.kills, seed=given.seed, publishes=given.publishes)
        )
    print(f"seed {given.seed}: {result.summary()}")  # noqa: T201 - a command
    wrong = [*result.violations, *result.complaints]
    print(as_text(wrong, shown=100))  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""T3: from the event to its card on the customer's WebSocket, at 100 and at 1,000 events a second.

Restate keeps no sockets: its handler changes the customer's state, then pushes to the apps, which have
their sockets at the service that runs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import aiohttp
import peers
import uvloop
from apps import connected, register
from product import Product
from rig import PRODUCT, SECONDS, Cpu, Meter, Process, compare, in_turn, say, tell_cpu
from t1_single import start_skeleton

CUSTOMERS = [f"app-{number}" for number in range(200)]
RATES = (100, 1_000)
WARM_S = 2
LATE_S = 5.0
MARK = re.compile(r"mark-[0-9a-f-]+")


@dataclass(frozen=True, slots=True)
class Way:
    """How an event gets in and its card out. `%c` in the path is the customer."""

    server: Process
    live: str
    path: str = "/v1/events"
    key: str = ""


@dataclass(frozen=True, slots=True)
class Lag:
    p50_ms: float
    p99_ms: float
    missing: int
    """Cards that had not come `LATE_S` after the last answer; they count as if they had come then."""
    late_ms: float
    """How much later than planned the client sent, p99: near the lags it would be the limit itself."""
    cpu: Cpu


class Marks:
    """Each event has a mark that its card shows: when it left, and how long until its card was here."""

    def __init__(self) -> None:
        self.left: dict[str, float] = {}
        self.lags: list[float] = []
        self._heard = asyncio.Event()

    def heard(self, frame: str) -> None:
        now = time.perf_counter()
        for mark in set(MARK.findall(frame)):
            if mark in self.left:
                self.lags.append(now - self.left.pop(mark))
                self._heard.set()

    async def all_heard(self) -> None:
        while self.left:
            self._heard.clear()
            await self._heard.wait()


async def send(session: aiohttp.ClientSession, way: Way, marks: Marks, *, rate: int, seconds: int) -> float:
    """Open loop: events leave when their time has come, however long the ones before take. How late, p99."""
    late: list[float] = []

    async def post(mark: str, customer: str) -> None:
        event = {"name": "parcel.moved", "customer": customer, "id": mark, "data": {"place": mark}}
        marks.left[mark] = time.perf_counter()
        async with session.post(way.path.replace("%c", customer), json=event) as answer:
            await answer.read()
            if not answer.ok:
                raise SystemExit(f"an event was answered with {answer.status}")

    async with asyncio.TaskGroup() as posts:
        run, began = time.time_ns(), time.perf_counter()
        for number in range(rate * seconds):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            late.append(time.perf_counter() - due)
            posts.create_task(post(f"mark-{run:x}-{number}", random.choice(CUSTOMERS)))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(marks.all_heard(), LATE_S)
    return statistics.quantiles(late, n=100)[98]


async def lag(way: Way, *, rate: int) -> Lag:
    """The cards of `SECONDS`, after some that warm up."""
    marks = Marks()
    headers = {"Authorization": f"Bearer {way.key}"} if way.key else {}
    no_limit = aiohttp.TCPConnector(limit=0)
    async with (
        connected(way.live, CUSTOMERS, lambda frame: marks.heard(frame), is_product=bool(way.key)),
        aiohttp.ClientSession(way.server.url, headers=headers, connector=no_limit) as session,
    ):
        await send(session, way, marks, rate=rate, seconds=WARM_S)
        marks, meter = Marks(), Meter(way.server)
        late = await send(session, way, marks, rate=rate, seconds=SECONDS)
        cpu, now = meter.cpu(), time.perf_counter()
    cuts = statistics.quantiles(marks.lags + [now - left for left in marks.left.values()], n=100)
    return Lag(cuts[49] * 1e3, cuts[98] * 1e3, len(marks.left), late * 1e3, cpu)


def measured(way: Way, *, rate: int) -> Lag:
    return uvloop.run(lag(way, rate=rate))


def measured_on_restate(*, rate: int) -> Lag:
    """On a server of its own each time: what it could not keep up with would burden the others."""
    with peers.restate() as restate:
        return measured(Way(restate, peers.RESTATE_LIVE, peers.RESTATE_CARD), rate=rate)


def report(title: str, seen: dict[str, list[Lag]]) -> None:
    compare(f"{title}, p50", {name: [one.p50_ms for one in of] for name, of in seen.items()}, unit="ms")
    compare(f"{title}, p99", {name: [one.p99_ms for one in of] for name, of in seen.items()}, unit="ms")
    for name, of in seen.items():
        missing, late_ms = sum(one.missing for one in of), max(one.late_ms for one in of)
        say(f"{name}: {missing} cards missing after {LATE_S:g} s; sent {late_ms:.1f} ms late at most (p99)")
        tell_cpu(name, [one.cpu for one in of])


def main() -> None:
    with_restate = peers.has_restate("T3")
    skeleton = start_skeleton("t3-skeleton")
    product = Product("t3", prepare=register)
    try:
        product.publish("card")
        for rate in RATES:
            things: dict[str, Callable[[], Lag]] = {
                "skeleton": partial(measured, Way(skeleton, skeleton.url), rate=rate),
                PRODUCT: partial(measured, Way(product.process, product.url, key=product.key), rate=rate),
            }
            if with_restate:
                things["Restate"] = partial(measured_on_restate, rate=rate)
            report(f"T3: {rate} a second", in_turn(things))
    finally:
        product.stop()
        skeleton.stop()


if __name__ == "__main__":
    main()

"""T3: from the event to its card on the customer's WebSocket, at 100 and at 1,000 events a second."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import statistics
import time
from dataclasses import dataclass
from functools import partial

import aiohttp
from apps import connected, register
from product import Product
from rig import SECONDS, Process, compare, in_turn, say
from t1_single import start_skeleton

CONNECTIONS = 200
LATE_S = 5.0
MARK = re.compile(r"mark-[0-9]+")


@dataclass(frozen=True, slots=True)
class Lag:
    p50_ms: float
    p99_ms: float
    missing: int


async def lag(server: Process, *, rate: int, key: str) -> Lag:
    """Open loop: events leave when their time has come, however long the ones before take."""
    sent: dict[str, float] = {}
    lags: list[float] = []
    all_sent, all_heard = asyncio.Event(), asyncio.Event()

    def heard(frame: str) -> None:
        now = time.perf_counter()
        for mark in set(MARK.findall(frame)):
            if mark in sent:
                lags.append(now - sent.pop(mark))
        if all_sent.is_set() and not sent:
            all_heard.set()

    customers = [f"app-{number}" for number in range(CONNECTIONS)]
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        connected(server, customers, heard, is_product=bool(key)),
        aiohttp.ClientSession(
            server.url, headers=headers, connector=aiohttp.TCPConnector(limit=0)
        ) as session,
        asyncio.TaskGroup() as posts,
    ):

        async def post(mark: str) -> None:
            event = {"name": "parcel.moved", "customer": random.choice(customers), "data": {"place": mark}}
            sent[mark] = time.perf_counter()
            async with session.post("/v1/events", json={**event, "id": f"{mark}-{began}"}) as answer:
                await answer.read()
                if answer.status != 202:
                    raise SystemExit(f"an event was answered with {answer.status}")

        began = time.perf_counter()
        for number in range(rate * SECONDS):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            posts.create_task(post(f"mark-{number}"))
        all_sent.set()
        if not sent:
            all_heard.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(all_heard.wait(), LATE_S)
    cuts = statistics.quantiles(lags, n=100)
    return Lag(cuts[49] * 1e3, cuts[98] * 1e3, len(sent))


def measured(server: Process, *, rate: int, key: str = "") -> Lag:
    return asyncio.run(lag(server, rate=rate, key=key))


def main() -> None:
    skeleton = start_skeleton("t3-skeleton")
    product = Product("t3", prepare=register)
    try:
        product.publish("card")
        for rate in (100, 1_000):
            seen = in_turn(
                {
                    "skeleton": partial(measured, skeleton, rate=rate),
                    "flowdeck": partial(measured, product.process, rate=rate, key=product.key),
                }
            )
            for what in ("p50_ms", "p99_ms"):
                figures = {name: [getattr(one, what) for one in of] for name, of in seen.items()}
                compare(f"T3: {rate} a second, {what[:3]}", figures, baseline="skeleton", unit="ms")
            missing = {name: sum(one.missing for one in of) for name, of in seen.items()}
            say(f"cards that had not come {LATE_S:g} s after the last event: {missing}")
    finally:
        product.stop()
        skeleton.stop()


if __name__ == "__main__":
    main()

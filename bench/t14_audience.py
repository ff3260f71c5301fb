"""T14: what other traffic feels of an audience of 100,000 that is started meanwhile. `t14 [MEMBERS]`.

The traffic is that of T3, 100 events a second, each of which puts a card on its customer's WebSocket: without
and with the job, in turn. The job is stopped after its round; the last one runs to its end, for its rate.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

from apps import register
from product import Product
from rig import call, compare, in_turn, say, tell_cpu
from t3_card import Lag, Way, measured

PORT = 18350
RATE = 100
BATCH = 5_000
ALONE, BESIDE = "alone", "beside the job"


def come(product: Product, members: int) -> None:
    """Customers who have nothing yet: an event that nobody takes creates them."""
    for first in range(0, members, BATCH):
        product.post(
            [
                {"name": "crowd.came", "customer": f"crowd-{number}"}
                for number in range(first, min(members, first + BATCH))
            ]
        )


def start(product: Product) -> str:
    """The id of the job."""
    url = f"{product.url}/v1/flows/bench-asleep/start"
    answer = call("POST", url, {"audience": {"all": True}}, key=product.key)
    assert isinstance(answer, dict)
    return str(answer["job"])


def beside(product: Product, way: Way) -> Lag:
    job = start(product)
    lag = measured(way, rate=RATE)
    ended = call("DELETE", f"{product.url}/v1/jobs/{job}", key=product.key)
    assert isinstance(ended, dict)
    if ended["state"] != "stopped":
        raise SystemExit(f"the job was over before the traffic: {ended}")
    return lag


def to_the_end(product: Product) -> None:
    began, job = time.perf_counter(), start(product)
    while (row := product.get(f"/v1/jobs/{job}"))["ended_at"] is None:
        time.sleep(0.5)
    seconds, done = time.perf_counter() - began, int(str(row["done"]))
    say(f"T14: without traffic {done:,} members in {seconds:.0f} s: {done / seconds:,.0f}/s")


def main() -> None:
    members = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 100_000
    product = Product("t14", port=PORT, prepare=register)
    try:
        product.publish("card", "asleep")
        come(product, members)
        way = Way(product.process, product.url, key=product.key)
        things: dict[str, Callable[[], Lag]] = {
            ALONE: partial(measured, way, rate=RATE),
            BESIDE: partial(beside, product, way),
        }
        seen = in_turn(things)
        for name, value in (("p50", "p50_ms"), ("p99", "p99_ms")):
            lags = {thing: [float(getattr(lag, value)) for lag in of] for thing, of in seen.items()}
            compare(f"T14: event to card, {name}", lags, unit="ms")
        for thing, of in seen.items():
            tell_cpu(thing, [lag.cpu for lag in of])
        to_the_end(product)
    finally:
        product.stop()


if __name__ == "__main__":
    main()

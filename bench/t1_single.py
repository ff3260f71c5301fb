"""T1, T2, T12: one durable event a request, batches of 100, 256 connections for 64, beside the skeleton.

`t1 peers` runs T1 beside aiohttp with Redis and beside Restate, too, as far as they are installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

import peers
from product import Product
from rig import HERE, PRODUCT, PYTHON, Load, Process, compare, folder, in_turn, place, say, tell_cpu, wrk

CUSTOMERS = 10_000
SKELETON_PORT = 18300

Post = Callable[[], Load]


def start_skeleton(name: str, *, keep: bool = False) -> Process:
    """The baseline on a new database, or on the one that it has."""
    at = place(name) if keep else folder(name)
    command = [PYTHON, str(HERE / "skeleton.py"), str(SKELETON_PORT), str(at / "s.db")]
    skeleton = Process(command, port=SKELETON_PORT, log=at / "log")
    skeleton.wait_ready()
    return skeleton


def measure(about: str, things: Mapping[str, Post]) -> None:
    """Rates and the servers' CPU in turn, then how the last round looked from outside."""
    seen = in_turn(things)
    rates = {name: [load.rate for load in of] for name, of in seen.items()}
    costs = {name: [load.server_cpu_us for load in of] for name, of in seen.items()}
    compare(about, rates, unit="events/s")
    compare(f"{about}, CPU of the server", costs, unit="µs an event")
    for name, of in seen.items():
        say(f"{name}: p50 {of[-1].p50_ms:.1f} ms, p99 {of[-1].p99_ms:.1f} ms")
        tell_cpu(name, [load.cpu for load in of])


def compare_with_skeleton(product: Product, skeleton: Process, rows: Sequence[tuple[str, int, int]]) -> None:
    for title, connections, batch in rows:
        post = partial(wrk, connections=connections, batch=batch, customers=CUSTOMERS)
        things: dict[str, Post] = {
            "skeleton": partial(post, skeleton),
            PRODUCT: partial(post, product.process, key=product.key),
        }
        measure(f"{title}: {connections} connections, {batch} a request", things)


def compare_with_peers(product: Product, skeleton: Process) -> None:
    post = partial(wrk, connections=64, customers=CUSTOMERS)
    things: dict[str, Post] = {
        "skeleton": partial(post, skeleton),
        PRODUCT: partial(post, product.process, key=product.key),
    }
    with ExitStack() as running:
        if peers.has_redis("T1"):
            things["aiohttp + Redis"] = partial(post, running.enter_context(peers.redis()))
        if peers.has_restate("T1"):
            restate = running.enter_context(peers.restate())
            things["Restate call"] = partial(post, restate, path=peers.RESTATE_CALL)
        measure("T1: 64 connections, 1 a request", things)


def main() -> None:
    skeleton = start_skeleton("t1-skeleton")
    product = Product("t1")
    try:
        product.publish("wait")
        product.start_instances("shop.entered", CUSTOMERS)
        if sys.argv[1:] == ["peers"]:
            compare_with_peers(product, skeleton)
        else:
            compare_with_skeleton(product, skeleton, [("T1", 64, 1), ("T12", 256, 1), ("T2", 16, 100)])
    finally:
        product.stop()
        skeleton.stop()


if __name__ == "__main__":
    main()

"""T1, T2, T12: one durable event a request, batches of 100, 256 connections for 64, beside the skeleton.

`t1 peers` runs T1 beside aiohttp with Redis and beside Restate, too, as far as they are installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import peers
from product import Product
from rig import HERE, PYTHON, Load, Process, compare, folder, in_turn, place, say, wrk

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


def measure(about: str, things: Mapping[str, Post], *, batch: int) -> None:
    """Rates and the servers' CPU in turn, then how the last round looked from outside."""
    seen = in_turn(things)
    rates = {name: [load.rate * batch for load in of] for name, of in seen.items()}
    costs = {name: [load.server_cpu_us / batch for load in of] for name, of in seen.items()}
    compare(about, rates, baseline="skeleton", unit="events/s")
    compare(f"{about}, CPU of the server", costs, baseline="skeleton", unit="µs an event")
    for name, of in seen.items():
        last = of[-1]
        cores = f"load client {last.client_cpu:.2f} cores"
        say(f"{name}: p50 {last.p50_ms:.1f} ms, p99 {last.p99_ms:.1f} ms, {cores}")


def compare_with_skeleton(product: Product, skeleton: Process, rows: Sequence[tuple[str, int, int]]) -> None:
    for title, connections, batch in rows:
        post = partial(wrk, connections=connections, batch=batch, customers=CUSTOMERS)
        things: dict[str, Post] = {
            "skeleton": partial(post, skeleton),
            "flowdeck": partial(post, product.process, key=product.key),
        }
        measure(f"{title}: {connections} connections, {batch} a request", things, batch=batch)


def compare_with_peers(product: Product, skeleton: Process) -> None:
    """CPU is that of the process that answers: of Redis and of Restate's service it is not the whole."""
    post = partial(wrk, connections=64, customers=CUSTOMERS)
    things: dict[str, Post] = {
        "skeleton": partial(post, skeleton),
        "flowdeck": partial(post, product.process, key=product.key),
    }
    with peers.redis() as redis, peers.restate() as restate:
        if redis is not None:
            things["aiohttp + Redis"] = partial(post, redis)
        if restate is not None:
            things["Restate call"] = partial(post, restate, path=peers.RESTATE_PATH)
        measure("T1: 64 connections, 1 a request", things, batch=1)


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

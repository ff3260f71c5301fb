"""T1, T2, T12: one durable event a request, batches of 100, 256 connections for 64, beside the skeleton."""

from __future__ import annotations

from product import Product
from rig import HERE, PYTHON, Load, Process, compare, folder, in_turn, place, say, wrk

CUSTOMERS = 10_000
SKELETON_PORT = 18300


def start_skeleton(name: str, *, keep: bool = False) -> Process:
    """The baseline on a new database, or on the one that it has."""
    at = place(name) if keep else folder(name)
    command = [PYTHON, str(HERE / "skeleton.py"), str(SKELETON_PORT), str(at / "s.db")]
    skeleton = Process(command, port=SKELETON_PORT, log=at / "log")
    skeleton.wait_ready()
    return skeleton


def main() -> None:
    skeleton = start_skeleton("t1-skeleton")
    product = Product("t1")
    loads: dict[str, list[Load]] = {}

    def post(name: str, server: Process, connections: int, batch: int) -> Load:
        key = product.key if server is product.process else ""
        load = wrk(server, connections=connections, batch=batch, customers=CUSTOMERS, key=key)
        loads.setdefault(name, []).append(load)
        return load

    try:
        product.publish("wait")
        product.start_instances("shop.entered", CUSTOMERS)
        for title, connections, batch in (("T1", 64, 1), ("T12", 256, 1), ("T2", 16, 100)):
            seen = in_turn(
                {
                    "skeleton": lambda c=connections, b=batch, t=title: post(f"{t} skeleton", skeleton, c, b),
                    "flowdeck": lambda c=connections, b=batch, t=title: post(
                        f"{t} flowdeck", product.process, c, b
                    ),
                }
            )
            about = f"{title}: {connections} connections, {batch} a request"
            rates = {name: [load.rate * batch for load in of] for name, of in seen.items()}
            costs = {name: [load.server_cpu_us / batch for load in of] for name, of in seen.items()}
            compare(about, rates, baseline="skeleton", unit="events/s")
            compare(f"{about}, CPU of the server", costs, baseline="skeleton", unit="µs an event")
        for name, of in loads.items():
            last = of[-1]
            cores = f"load client {last.client_cpu:.2f} cores"
            say(f"{name}: p50 {last.p50_ms:.1f} ms, p99 {last.p99_ms:.1f} ms, {cores}")
    finally:
        product.stop()
        skeleton.stop()


if __name__ == "__main__":
    main()

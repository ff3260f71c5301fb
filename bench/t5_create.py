"""T5: instances started, by one event a request and by batches of 100, beside the skeleton's new actors."""

from __future__ import annotations

from product import Product
from rig import Load, Process, compare, in_turn, wrk
from t1_single import start_skeleton

NEW_CUSTOMERS = 10**9
"""So many that nearly every event is about somebody new."""


def main() -> None:
    skeleton = start_skeleton("t5-skeleton")
    product = Product("t5")

    def post(server: Process, connections: int, batch: int) -> Load:
        key = product.key if server is product.process else ""
        settings = {"batch": batch, "customers": NEW_CUSTOMERS, "name": "nap.began", "key": key}
        return wrk(server, connections=connections, **settings)

    try:
        product.publish("asleep")
        for connections, batch in ((64, 1), (16, 100)):
            seen = in_turn(
                {
                    "skeleton": lambda c=connections, b=batch: post(skeleton, c, b),
                    "flowdeck": lambda c=connections, b=batch: post(product.process, c, b),
                }
            )
            about = f"T5: {connections} connections, {batch} a request"
            rates = {name: [load.rate * batch for load in of] for name, of in seen.items()}
            costs = {name: [load.server_cpu_us / batch for load in of] for name, of in seen.items()}
            compare(about, rates, baseline="skeleton", unit="starts/s")
            compare(f"{about}, CPU of the server", costs, baseline="skeleton", unit="µs a start")
    finally:
        product.stop()
        skeleton.stop()


if __name__ == "__main__":
    main()

"""T6: from `kill -9` to the first acknowledged event. `t6 [INSTANCES]`: 100,000 if not said."""

from __future__ import annotations

import signal
import statistics
import sys
import time

from product import Product
from rig import ROUNDS, Process, call, say
from t1_single import start_skeleton


def killed(server: Process) -> float:
    server.stop(signal.SIGKILL)
    return time.perf_counter()


def main() -> None:
    count = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 100_000
    skeleton = start_skeleton("t6-skeleton")
    product = Product("t6")
    took: dict[str, list[float]] = {"skeleton": [], "flowdeck": []}
    event = {"name": "nap.broken", "customer": "c7"}
    try:
        product.publish("asleep")
        product.start_instances("nap.began", count)
        call("POST", f"{skeleton.url}/spawn?n={count}")
        for number in range(ROUNDS):
            began = killed(skeleton)
            skeleton = start_skeleton("t6-skeleton", keep=True)
            call("POST", f"{skeleton.url}/v1/events", {**event, "id": f"after-{number}"})
            took["skeleton"].append(time.perf_counter() - began)

            began = killed(product.process)
            product.start()
            call("POST", f"{product.url}/v1/events", {**event, "id": f"after-{number}"}, key=product.key)
            took["flowdeck"].append(time.perf_counter() - began)
        for name, seconds in took.items():
            middle, least, most = statistics.median(seconds), min(seconds), max(seconds)
            say(f"T6: {name}, {count:,} instances: median {middle:.2f} s, {least:.2f} – {most:.2f}")
    finally:
        product.stop()
        skeleton.stop()


if __name__ == "__main__":
    main()

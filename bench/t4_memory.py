"""T4: memory of an instance that waits with a timer. `t4 [INSTANCES]`: 100,000; the target has 1,000,000."""

from __future__ import annotations

import sys
import time

from product import Product
from rig import say


def main() -> None:
    count = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 100_000
    product = Product("t4")
    try:
        product.publish("asleep")
        product.start_instances("nap.began", 1_000)  # what the first ones warm up is not theirs
        before = product.process.rss_bytes()
        began, cpu = time.perf_counter(), product.process.cpu_s()
        product.start_instances("nap.began", count, first=1_000)
        took, cpu = time.perf_counter() - began, product.process.cpu_s() - cpu
        grown = (product.process.rss_bytes() - before) / count
        say(f"started {count:,} in {took:.1f} s, at {cpu / count * 1e6:.0f} µs of CPU each")
        say(f"as started: {grown:,.0f} bytes of resident memory each, states and profiles in memory included")
        product.stop()
        ready_s = product.start()
        rested = (product.process.rss_bytes() - before) / count
        say(f"after a restart, {ready_s:.1f} s to ready: {rested:,.0f} bytes each")
    finally:
        product.stop()


if __name__ == "__main__":
    main()

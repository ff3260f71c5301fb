"""T9: memory for each idle app connection. `t9 [CONNECTIONS]`, 2,000 unless said otherwise."""

from __future__ import annotations

import asyncio
import resource
import sys

from apps import connected, register
from product import Product
from rig import Process, say
from t1_single import start_skeleton

SETTLE_S = 2.0


async def grown_bytes(server: Process, count: int, *, is_product: bool) -> float:
    """What the server's resident memory grows by, a connection."""
    some = [f"early-{number}" for number in range(100)]
    async with connected(server.url, some, lambda _: None, is_product=is_product):
        before = server.rss_bytes()
        customers = [f"app-{number}" for number in range(count)]
        async with connected(server.url, customers, lambda _: None, is_product=is_product):
            await asyncio.sleep(SETTLE_S)
            return (server.rss_bytes() - before) / count


def main() -> None:
    count = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 2_000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1_000), hard))
    skeleton = start_skeleton("t9-skeleton")
    product = Product("t9", prepare=register)
    try:
        for name, server, is_product in (
            ("skeleton", skeleton, False),
            ("flowdeck", product.process, True),
        ):
            each = asyncio.run(grown_bytes(server, count, is_product=is_product))
            say(f"T9: {name}: {each / 1024:.1f} KiB of resident memory a connection, {count:,} idle ones")
    finally:
        product.stop()
        skeleton.stop()


if __name__ == "__main__":
    main()

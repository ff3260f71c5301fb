"""T5: instances started, by one event a request and by batches of 100, beside the skeleton and Restate.

Restate has no batches: its single starts stand beside both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import peers
from product import Product
from rig import PRODUCT, Load, wrk
from t1_single import Post, measure, start_skeleton

NEW_CUSTOMERS = 10**9
"""So many that nearly every event is about somebody new."""
WARM_S = 2

starts = partial(wrk, customers=NEW_CUSTOMERS, name="nap.began")


def restate_starts(path: str) -> Load:
    """Answered when logged, on a new server each time: what it has yet to run would burden the others."""
    with peers.restate() as restate:
        post = partial(starts, restate, connections=64, path=path)
        post(seconds=WARM_S)
        return post()


def main() -> None:
    beside: dict[str, Callable[[], Load]] = {}
    if peers.has_restate("T5"):
        beside["Restate workflow"] = partial(restate_starts, peers.RESTATE_START)
        beside["Restate delayed send"] = partial(restate_starts, peers.RESTATE_TIMER)
    skeleton = start_skeleton("t5-skeleton")
    product = Product("t5")
    try:
        product.publish("asleep")
        for connections, batch in ((64, 1), (16, 100)):
            post = partial(starts, connections=connections, batch=batch)
            things: dict[str, Post] = {
                "skeleton": partial(post, skeleton),
                PRODUCT: partial(post, product.process, key=product.key),
            }
            measure(f"T5: starts, {connections} connections, {batch} a request", things | beside)
    finally:
        product.stop()
        skeleton.stop()


if __name__ == "__main__":
    main()

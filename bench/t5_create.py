"""T5: instances started, by one event a request and by batches of 100, beside the skeleton's new actors."""

from __future__ import annotations

from functools import partial

from product import Product
from rig import wrk
from t1_single import measure, start_skeleton

NEW_CUSTOMERS = 10**9
"""So many that nearly every event is about somebody new."""


def main() -> None:
    skeleton = start_skeleton("t5-skeleton")
    product = Product("t5")
    try:
        product.publish("asleep")
        for connections, batch in ((64, 1), (16, 100)):
            post = partial(
                wrk, connections=connections, batch=batch, customers=NEW_CUSTOMERS, name="nap.began"
            )
            things = {
                "skeleton": partial(post, skeleton),
                "flowdeck": partial(post, product.process, key=product.key),
            }
            measure(f"T5: starts, {connections} connections, {batch} a request", things, batch=batch)
    finally:
        product.stop()
        skeleton.stop()


if __name__ == "__main__":
    main()

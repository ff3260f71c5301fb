"""How often somebody may do something: one GCRA limiter for requests, actions, hooks and failed logins.

The caller chooses what a key is (an API key's id, a customer, an address) and what to answer when it has to
wait.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

NS_PER_S = 1_000_000_000
# Twice the rate of growth, so that a table full of forgotten keys shrinks while new ones come.
FORGET_PER_TAKE = 2


class RateLimiter:
    """Lets each key through `per_s` times a second, and up to `burst` times at once.

    Per key there is one number: the instant at which its bucket is full again. At `keys_max` the key that
    took least recently is forgotten: one caller gains a fresh burst, and nobody can lock the others out by
    inventing keys.
    """

    def __init__(
        self, *, monotonic: Callable[[], float], per_s: float, burst: int, keys_max: int = 100_000
    ) -> None:
        assert per_s > 0, "a rate of nothing is no rate"
        assert burst >= 1, "a burst lets at least one through"
        assert keys_max >= 1, "a limiter remembers at least one key"
        self._monotonic = monotonic
        self._interval_ns = max(1, round(NS_PER_S / per_s))
        self._burst_ns = self._interval_ns * burst
        self._keys_max = keys_max
        self._full_at_ns: OrderedDict[str, int] = OrderedDict()

    def take(self, key: str) -> float:
        """0.0 lets the key through and counts it; else seconds to wait, and nothing is counted."""
        now_ns = self._now_ns()
        full_at_ns = self._full_at_ns.get(key, 0)
        if full_at_ns < now_ns:
            full_at_ns = now_ns
        full_at_ns += self._interval_ns
        wait_ns = full_at_ns - self._burst_ns - now_ns
        if wait_ns > 0:
            return wait_ns / NS_PER_S
        self._full_at_ns[key] = full_at_ns
        self._full_at_ns.move_to_end(key)
        self._forget(now_ns)
        return 0.0

    def __len__(self) -> int:
        return len(self._full_at_ns)

    def _now_ns(self) -> int:
        # Whole nanoseconds: sums of fractions would let the n-th caller wait for a rounding error.
        return round(self._monotonic() * NS_PER_S)

    def _forget(self, now_ns: int) -> None:
        # Never empties the table: whoever just took is last in it, and not at rest.
        for _ in range(FORGET_PER_TAKE):
            oldest = next(iter(self._full_at_ns))
            if self._full_at_ns[oldest] > now_ns and len(self._full_at_ns) <= self._keys_max:
                return
            del self._full_at_ns[oldest]

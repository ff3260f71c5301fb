"""The only reader of the machine's clock; everything else gets a time, or this object, as a value."""

from __future__ import annotations

import asyncio
import time

NS_PER_MS = 1_000_000


class SystemClock:
    """`actors.ports.Clock` on the machine's own clocks."""

    def __init__(self) -> None:
        self._latest_ms = 0

    def now(self) -> int:
        """Wall clock, ms since the epoch; stands still while the machine's clock is set back."""
        self._latest_ms = max(self._latest_ms, time.time_ns() // NS_PER_MS)
        return self._latest_ms

    def monotonic(self) -> float:
        """Seconds that only rise: for time-outs and measures."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

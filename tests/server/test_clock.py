"""The machine's clock as the runtime sees it."""

from __future__ import annotations

from actors.ports import Clock
from server.clock import SystemClock


def test_system_clock_is_the_clock_that_the_runtime_asks_for() -> None:
    clock: Clock = SystemClock()
    assert clock.now() > 1_700_000_000_000


def test_wall_clock_and_monotonic_clock_never_decrease() -> None:
    clock = SystemClock()
    walls = [clock.now() for _ in range(1_000)]
    monotonics = [clock.monotonic() for _ in range(1_000)]
    assert walls == sorted(walls)
    assert monotonics == sorted(monotonics)


async def test_sleeping_gives_up_the_loop() -> None:
    await SystemClock().sleep(0)

"""The rate limiter: bursts, steady rates, separate keys, a bounded table."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.auth.limits import RateLimiter


@dataclass
class Clock:
    at: float = 50.0

    def monotonic(self) -> float:
        return self.at


def limiter(clock: Clock, *, per_s: float = 10, burst: int = 5, keys_max: int = 100) -> RateLimiter:
    return RateLimiter(monotonic=clock.monotonic, per_s=per_s, burst=burst, keys_max=keys_max)


def test_burst_passes_and_the_next_one_waits_for_one_interval() -> None:
    limit = limiter(Clock())
    assert [limit.take("a") for _ in range(5)] == [0.0] * 5
    assert limit.take("a") == pytest.approx(0.1)


def test_who_waits_as_long_as_told_passes() -> None:
    clock = Clock()
    limit = limiter(clock)
    for _ in range(200):
        wait_s = limit.take("a")
        if wait_s > 0:
            clock.at += wait_s
            assert limit.take("a") == 0.0
    assert clock.at - 50.0 == pytest.approx((200 - 5) * 0.1)


def test_refused_calls_are_not_counted() -> None:
    clock = Clock()
    limit = limiter(clock)
    for _ in range(50):
        limit.take("a")
    clock.at += 0.1
    assert limit.take("a") == 0.0


def test_rest_fills_the_burst_again_and_no_further() -> None:
    clock = Clock()
    limit = limiter(clock)
    for _ in range(5):
        limit.take("a")
    clock.at += 1_000
    assert [limit.take("a") == 0.0 for _ in range(6)] == [True] * 5 + [False]


def test_keys_do_not_feel_each_other() -> None:
    limit = limiter(Clock(), burst=1)
    assert limit.take("a") == 0.0
    assert limit.take("b") == 0.0
    assert limit.take("a") > 0


def test_rate_may_be_slower_than_one_a_second() -> None:
    limit = limiter(Clock(), per_s=1 / 60, burst=1)
    assert limit.take("a") == 0.0
    assert limit.take("a") == pytest.approx(60)


def test_table_is_bounded_and_forgets_who_took_least_recently() -> None:
    limit = limiter(Clock(), burst=1, keys_max=3)
    for key in "abcd":
        limit.take(key)
    assert len(limit) == 3
    assert limit.take("d") > 0
    assert limit.take("a") == 0.0


def test_keys_at_rest_are_forgotten() -> None:
    clock = Clock()
    limit = limiter(clock)
    for number in range(50):
        limit.take(str(number))
    clock.at += 10
    for _ in range(50):
        limit.take("a")
        clock.at += 10
    assert len(limit) == 1


@given(
    steps=st.lists(st.floats(0, 0.5), max_size=60),
    per_s=st.integers(1, 50),
    burst=st.integers(1, 10),
)
def test_never_more_than_burst_and_rate_in_any_time(steps: list[float], per_s: int, burst: int) -> None:
    clock = Clock()
    limit = limiter(clock, per_s=per_s, burst=burst)
    passed: list[float] = []
    for step in steps:
        clock.at += step
        if limit.take("a") == 0.0:
            passed.append(clock.at)
    for first, since in enumerate(passed):
        for last, until in enumerate(passed[first:], start=1):
            assert last <= burst + (until - since) * per_s + 1e-6, (first, last)

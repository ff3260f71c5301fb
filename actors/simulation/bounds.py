"""How much may be simulated, and what ends a simulation before its script does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..limits import SIMULATED_SPAN_MS_MAX, SIMULATED_TIMELINE_BYTES_MAX, SIMULATED_TURNS_MAX
from .calls import Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Turns, bytes of their timeline, and milliseconds that the clock may go on.

    `is_over` is asked before each input, for who has only so much time.
    """

    turns_max: int = SIMULATED_TURNS_MAX
    timeline_bytes_max: int = SIMULATED_TIMELINE_BYTES_MAX
    span_ms_max: int = SIMULATED_SPAN_MS_MAX
    is_over: Callable[[], bool] = lambda: False


class BoundReached(Exception):
    """The simulation has done as much as it may."""


class Unanswered(Exception):
    """Nothing is said to a request, and time is to go on."""

    def __init__(self, waiting: Waiting) -> None:
        step = waiting.call.effect.step
        hint = f"say `respond: {{of: {step}, …}}` before the clock goes on, or before the request is made"
        super().__init__(f"Nobody answers {waiting.what}: {hint}.")

"""How the server's own inputs wait: a full queue has room later, a commit that is late comes to an end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from .commands import Overloaded, UnknownOutcome
from .limits import RETRY_AFTER_S
from .ports import Clock

_T = TypeVar("_T")


async def patiently(clock: Clock, call: Callable[[], Awaitable[_T]]) -> _T:
    """Until it is answered. It may be called twice although the first was taken: that has to be harmless."""
    while True:
        try:
            return await call()
        except Overloaded as error:
            await clock.sleep(error.retry_after_s)
        except UnknownOutcome:
            await clock.sleep(RETRY_AFTER_S)

"""Calls with an `Idempotency-Key`: the same key gives the same answer, also while the first is under way.

The answer is kept by the commit that made it; a call that changed nothing keeps none, and may be tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import msgspec

from . import commands
from .commands import Overloaded, Refused
from .dedupe import answer_key
from .limits import ANSWER_KEPT_MS, RETRY_AFTER_S
from .ports import Clock, Store
from .records import AnswerRow

_T = TypeVar("_T")
_encode = msgspec.msgpack.Encoder().encode

RUNNING_MAX: Final = 1_000
"""Calls under way with a key: each may hold a whole request."""


class Idempotency:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._running: dict[bytes, tuple[bytes, asyncio.Task[object]]] = {}

    async def once(
        self,
        named: commands.Idempotency | None,
        type: type[_T],
        call: Callable[[], Coroutine[Any, Any, _T | Refused]],
    ) -> _T | Refused:
        """The call's answer, or the one kept from the first call under this key."""
        if named is None:
            return await call()
        key = answer_key(named.client, named.key)
        while key in self._running:
            digest, first = self._running[key]
            if digest != named.digest:
                return REUSED
            # Whatever became of it: what it changed is in the store now, with its answer.
            await asyncio.wait({first})
        if len(self._running) >= RUNNING_MAX:
            raise Overloaded(RETRY_AFTER_S)
        task = asyncio.ensure_future(self._kept_or_called(key, named.digest, type, call))
        self._running[key] = (named.digest, task)
        task.add_done_callback(lambda _: self._running.pop(key))
        # A caller that goes away does not end the call: a second one would do it again.
        return await asyncio.shield(task)

    async def stop(self) -> None:
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _kept_or_called(
        self, key: bytes, digest: bytes, type: type[_T], call: Callable[[], Coroutine[Any, Any, _T | Refused]]
    ) -> _T | Refused:
        kept = (await self._store.answers([key], now=self._clock.now())).get(key)
        if kept is None:
            return await call()
        if kept.digest != digest:
            return REUSED
        return msgspec.msgpack.decode(kept.answer, type=type)


def answer_row(named: commands.Idempotency, answer: object, *, now: int) -> AnswerRow:
    """What is kept of an answer, in the commit that makes it true."""
    return AnswerRow(
        key=answer_key(named.client, named.key),
        digest=named.digest,
        answer=_encode(answer),
        expires_at=now + ANSWER_KEPT_MS,
    )


REUSED: Final = Refused(code="key_reused", reason="The idempotency key was used for another request.")

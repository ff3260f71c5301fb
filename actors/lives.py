"""Lives of the engine's memory, one after the other: recovered from the store, each runs until it falls.

When a commit fails, callers are told that they do not know, and the next life begins. Only a store that is
broken, or being ended, ends that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from .commands import NotReady, Overloaded, Phase
from .holdings import Surroundings
from .life import Life
from .limits import BACKOFF_FIRST_S, BACKOFF_MAX_S, RETRY_AFTER_S
from .ports import StoreBroken, StoreError
from .telemetry import CommitFailed, Crashed

DRAIN_LOOK_S: Final = 0.01


class Lives:
    """`start`, then `drain`, `end`. `on_broken` is called once: the process must end with exit code 3."""

    def __init__(self, around: Surroundings, *, seed: str, on_broken: Callable[[], None]) -> None:
        self.phase = Phase.RECOVERING
        self.life: Life | None = None
        """The present one."""
        self._around = around
        self._seed = seed
        self._on_broken = on_broken
        self._count = 0
        self._task: asyncio.Task[None] | None = None
        self._last_call: asyncio.TimerHandle | None = None
        self._is_let_go = False

    def ready(self) -> Life:
        """The present life, for a call; raises NotReady or Overloaded."""
        if self.phase is not Phase.READY or self.life is None:
            raise NotReady(self.phase, RETRY_AFTER_S)
        if self.life.is_stalled:
            raise Overloaded(RETRY_AFTER_S)
        return self.life

    async def start(self) -> None:
        """Recover and run; raises what keeps the first recovery from working."""
        assert self._task is None, "an engine starts once"
        self.life = await self._recover()
        self.phase = Phase.READY
        self._task = asyncio.create_task(self._live(self.life), name="engine")
        self._task.add_done_callback(self._ended)

    # ── the end ────────────────────────────────────────────────────────────────────────────────────────
    def expect_stop(self) -> None:
        """`drain` will follow: already from now on there are `drain_s_max` for what callers wait for."""
        if self._last_call is None:
            loop = asyncio.get_running_loop()
            self._last_call = loop.call_later(self._around.limits.drain_s_max, self._let_go)

    async def drain(self) -> bool:
        """Until every caller has an answer and the last group is stored, or the time for it is over.

        False if it was never started.
        """
        if self._task is None:
            return False
        self.expect_stop()
        if self.phase is not Phase.BROKEN:
            self.phase = Phase.STOPPING
            while not self._task.done() and not self._is_let_go:
                if self.life is None or self.life.is_drained():
                    break
                await self._around.clock.sleep(DRAIN_LOOK_S)
        return True

    async def end(self) -> None:
        """End every task at once, as a crash would; whoever waits gets UnknownOutcome."""
        self.phase = Phase.BROKEN if self.phase is Phase.BROKEN else Phase.STOPPING
        if self._last_call is not None:
            self._last_call.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self.life is not None:
            self.life.abandon()

    def _let_go(self) -> None:
        """The time for an answer is over: whoever waits does not know, and nobody comes any more."""
        self._is_let_go = True
        if self.phase is not Phase.BROKEN:
            self.phase = Phase.STOPPING
        if self.life is not None:
            self.life.abandon()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Nothing turns any more: also after a fault of ours outside of any life nobody may wait for ever."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.phase = Phase.BROKEN
            if self.life is not None:
                self.life.abandon()
        if self.phase is Phase.BROKEN:
            self._on_broken()
        if isinstance(error, Exception):
            self._around.telemetry.emit(Crashed(error=error))

    # ── life after life ────────────────────────────────────────────────────────────────────────────────
    async def _live(self, life: Life) -> None:
        """Each that falls soon after the one before waits longer for the next."""
        clock = self._around.clock
        delay_s = 0.0
        while True:
            began = clock.monotonic()
            error = await _lived(life)
            self._fell(life, error)
            if self.phase in (Phase.BROKEN, Phase.STOPPING):
                break
            if clock.monotonic() - began > BACKOFF_MAX_S:
                delay_s = 0.0
            next_life = await self._begin_again(delay_s)
            if next_life is None:
                break
            life = next_life
            delay_s = min(max(2 * delay_s, BACKOFF_FIRST_S), BACKOFF_MAX_S)

    async def _recover(self) -> Life:
        self._count += 1
        life = Life(
            self._around,
            seed=f"{self._seed}:{self._count}",
            last_inbox_number=await self._around.store.last_inbox_number(),
            last_outbox_number=await self._around.store.last_outbox_number(),
        )
        await life.recover()
        return life

    def _fell(self, life: Life, error: Exception) -> None:
        """Its callers do not know; nobody calls it any more; the durable inputs that it held come again."""
        is_broken = isinstance(error, StoreBroken)
        if self.phase is not Phase.STOPPING or is_broken:
            self.phase = Phase.BROKEN if is_broken else Phase.RECOVERING
        if isinstance(error, StoreError):
            self._around.telemetry.emit(CommitFailed(error=error, broken=is_broken))
        else:
            self._around.telemetry.emit(Crashed(error=error))
        life.blame(error)
        life.abandon()
        life.forget()

    async def _begin_again(self, delay_s: float) -> Life | None:
        """The next life, as soon as the store can be read; None if it is broken."""
        while True:
            await self._around.clock.sleep(delay_s)
            try:
                life = await self._recover()
            except StoreBroken as error:
                self.phase = Phase.BROKEN
                self._around.telemetry.emit(CommitFailed(error=error, broken=True))
                return None
            except StoreError as error:
                self._around.telemetry.emit(CommitFailed(error=error, broken=False))
                delay_s = min(max(2 * delay_s, BACKOFF_FIRST_S), BACKOFF_MAX_S)
                continue
            self.life = life
            if self.phase is Phase.RECOVERING:
                self.phase = Phase.READY
            self._around.hub.unsure()
            return life


async def _lived(life: Life) -> Exception:
    """What ended the life; being cancelled goes through."""
    try:
        await life.run()
    except ExceptionGroup as group:
        return _reason(group)
    raise AssertionError("a life runs until it is ended")


def _reason(group: ExceptionGroup[Exception]) -> Exception:
    """The worst of what happened at once: a broken store, then a failed one, then anything."""
    leaves: list[Exception] = []
    for error in group.exceptions:
        leaves.append(_reason(error) if isinstance(error, ExceptionGroup) else error)
    for kind in (StoreBroken, StoreError, Exception):
        for error in leaves:
            if isinstance(error, kind):
                return error
    raise AssertionError("a group has a member")

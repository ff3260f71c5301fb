"""Calls that leave the process: performed after the commit that ordered them, each at least once.

A call is a row of the outbox until the commit that takes its result. What crashes in between is performed
again, under the same idempotency key. Whether a failed call is tried again is the flow's business (`rules`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from rules.effects import CallRequest, SendPush
from rules.inputs import Input, PushReported, RequestDone

from .holdings import Memory, Surroundings
from .ports import Result
from .records import OutboxRow
from .telemetry import CallFaulted
from .work import CallDone, Work

REQUEST: Final = "request"
PUSH: Final = "push"
KIND: Final = "outbox"
FAULT: Final = "internal"
"""The failure of a call whose performer failed, rather than answered."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, and what."""

    instance: str
    customer: str
    effect: CallRequest | SendPush


encode_call: Final = msgspec.msgpack.Encoder().encode
decode_call: Final = msgspec.msgpack.Decoder(Call).decode


class Outbox:
    """Calls up to number `_passed_on` are under way or over; those after it are in the store."""

    def __init__(self, around: Surroundings, memory: Memory, *, last_number: int) -> None:
        self._store = around.store
        self._performer = around.performer
        self._telemetry = around.telemetry
        self._limits = around.limits
        self._intake = memory.intake
        self._committed = last_number
        self._passed_on = 0
        self._waiting: list[OutboxRow] = []
        self._under_way = 0
        self._wake = asyncio.Event()
        if last_number:
            self._wake.set()

    @property
    def is_idle(self) -> bool:
        return not self._under_way and not self._waiting and self._passed_on >= self._committed

    def committed(self, rows: Sequence[OutboxRow]) -> None:
        """These are stored; they stand in order of their numbers, after all before them."""
        if not rows:
            return
        is_next = self._passed_on == self._committed
        self._committed = rows[-1].number
        if is_next and len(self._waiting) + len(rows) <= self._limits.batch_max:
            self._waiting.extend(rows)
            self._passed_on = self._committed
        self._wake.set()

    def wake(self) -> None:
        """There is room for results again."""
        if self._waiting or self._passed_on < self._committed:
            self._wake.set()

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._has_room():
                if not self._waiting and not await self._pull():
                    break
                row = self._waiting.pop(0)
                self._under_way += 1
                tasks.create_task(self._perform(row), name="call")

    def _has_room(self) -> bool:
        return self._under_way < self._limits.calls_max and self._intake.internal < self._limits.internal_max

    async def _pull(self) -> bool:
        """More from the store, if there is more; whether there was."""
        if self._passed_on >= self._committed:
            return False
        committed, limit = self._committed, self._limits.batch_max
        rows = await self._store.outbox(after=self._passed_on, limit=limit)
        self._waiting.extend(rows)
        self._passed_on = rows[-1].number if len(rows) == limit else max(self._passed_on, committed)
        return bool(rows)

    async def _perform(self, row: OutboxRow) -> None:
        call = decode_call(row.payload)
        try:
            result: Input = await self._performer.perform(call.effect, customer=call.customer, key=row.key)
        except Exception as error:  # noqa: BLE001 – a task's top: one call fails, not the server
            self._telemetry.emit(CallFaulted(instance=call.instance, error=error))
            result = failed(call.effect, FAULT, "The server failed to make the call.")
        finally:
            self._under_way -= 1
            self._wake.set()
        self._intake.put(result_work(call, row.number, result))


def result_work(call: Call, number: int, result: Input) -> Work:
    order = CallDone(call.instance, result)
    return Work(lane=call.customer, kind=KIND, order=order, durable=(KIND, number))


def failed(effect: CallRequest | SendPush, code: str, message: str) -> Result:
    """The result of a call that did not come about."""
    if isinstance(effect, SendPush):
        return PushReported(push=effect.push, step=effect.step, status="failed", message=message)
    return RequestDone(
        step=effect.step,
        activation=effect.activation,
        attempt=effect.attempt,
        failure=code,
        message=message,
    )

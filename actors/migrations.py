"""Pieces of migrations and of what undoes them: each instance by itself, and what became of them in the row.

A migration goes over the instances of all other versions in rounds. Who is busy is met again in the next one,
after a pause; who was started on an old version while it went, too. It is over when a round moves nobody and
meets nobody who is busy, or when there were rounds enough.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from rules.migrating.plan import Reason, Stuck

from .definitions import Version
from .events import Events
from .holdings import Memory
from .job_specs import (
    DONE,
    RUNNING,
    MoveInstances,
    Moves,
    Place,
    decode_moves,
    encode_cursor,
    encode_moves,
)
from .limits import MOVE_PAUSES_S
from .moving import Moving
from .records import JobRow, UndoRow
from .turns import Turns
from .work import Chunk


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The first fields of a packed state."""

    layout: int
    id: str
    flow: str
    version: int


_decode_head = msgspec.msgpack.Decoder(Head).decode
FAULT = Stuck(reason=Reason.FAULT, message="The turn could not be stored.")


def version_of(row: UndoRow) -> tuple[str, int]:
    """Flow and version to which undoing leads back."""
    head = _decode_head(row.state)
    return head.flow, head.version


class Migrations:
    def __init__(self, memory: Memory, turns: Turns, moving: Moving, events: Events) -> None:
        self._jobs = memory.jobs
        self._definitions = memory.definitions
        self._turns = turns
        self._moving = moving
        self._events = events

    def take(self, chunk: Chunk) -> Iterator[JobRow | None]:
        """Gives None after each instance, and then the job as it is. Who has ended need not move."""
        if chunk.job not in self._jobs.rows:
            return  # it was stopped meanwhile
        moves = self._moves(chunk)
        for instance, stuck in self._moved(chunk):
            if stuck is None:
                moves = moves.with_moved()
            elif stuck.reason is not Reason.ENDED or chunk.undos:
                moves = moves.with_stayed(instance, stuck)
            self._turns.finish(self._events.route)
            yield None
        yield self._reach(chunk, moves)

    def skip(self, chunk: Chunk) -> None:
        """No commit passes with these instances."""
        moves = self._moves(chunk)
        for instance in (*chunk.members, *[row.instance for row in chunk.undos]):
            moves = moves.with_stayed(instance, FAULT)
        self._reach(chunk, moves)

    def _moves(self, chunk: Chunk) -> Moves:
        row = self._jobs.rows[chunk.job]
        moves = decode_moves(row.result) if row.result else Moves()
        return moves.next_round() if chunk.place is not None and chunk.place.is_first else moves

    def _moved(self, chunk: Chunk) -> Iterator[tuple[str, Stuck | None]]:
        spec = chunk.spec
        if isinstance(spec, MoveInstances):
            version = self._definitions.version(spec.flow, spec.to)
            for instance in chunk.members:
                yield instance, self._moving.migrate(instance, version, spec.plan, job=chunk.job)
        for row in chunk.undos:
            yield row.instance, self._moving.undo(row, self._version_of(row))

    def _version_of(self, row: UndoRow) -> Version:
        return self._definitions.version(*version_of(row))

    def _reach(self, chunk: Chunk, moves: Moves) -> JobRow | None:
        row = self._jobs.rows.get(chunk.job)
        if row is None:
            return None
        reached = chunk.reached
        if reached is None and chunk.place is not None:
            reached = self._next_round(chunk.place, moves)
        return self._turns.obeying.move_job(
            row,
            state=DONE if reached is None else RUNNING,
            cursor=b"" if reached is None else encode_cursor(reached),
            done=moves.moved,
            failed=moves.stayed_count,
            total=chunk.total,
            result=encode_moves(moves),
        )

    def _next_round(self, place: Place, moves: Moves) -> Place | None:
        busy = moves.stayed.get(Reason.BUSY.value, 0)
        if (not busy and not moves.moved_in_round) or place.round > len(MOVE_PAUSES_S):
            return None
        pause_ms = round(MOVE_PAUSES_S[place.round - 1] * 1_000) if busy else 0
        return Place(round=place.round + 1, not_before=self._turns.now + pause_ms)

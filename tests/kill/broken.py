"""`python -m tests.kill.broken ORDER …`: the server with a wrong order of commits, to be caught."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import server.app
from actors.records import FeedCard, Group
from server.cli import main
from server.db.connection import Database
from server.db.store import SqliteStore
from server.db.writes import write_group

COMMIT_AFTER_S = 0.3
GAP_S = 0.02


class AnswersFirst(SqliteStore):
    """Tells that a group is stored, and stores it a moment later; not so what is read at once."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        assert self._writer is not None
        if group.flows or {row.day for row in group.dedupe} - self._days:
            await self._writer.run(commit)
            return await super().apply(group)
        cards = await self._writer.run(self._write_open, group)
        self._days |= {row.day for row in group.dedupe}
        asyncio.get_running_loop().call_later(COMMIT_AFTER_S, self._writer.post, commit)
        return cards

    def _write_open(self, db: Database, group: Group) -> list[FeedCard]:
        commit(db)
        db.execute("begin immediate")
        return write_group(db, group, self._days)

    async def prune(self, *, now: int) -> int:
        return 0

    async def checkpoint(self) -> None:
        """Not in an open transaction."""


class RepeatsApart(SqliteStore):
    """Stores what tells repeats in a transaction of its own, after the rest."""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        cards = await super().apply(replace(group, dedupe=[]))
        await asyncio.to_thread(time.sleep, GAP_S)
        await super().apply(Group(dedupe=group.dedupe))
        return cards


def commit(db: Database) -> None:
    if db.in_transaction:
        db.execute("commit")


ORDERS = {"answers-first": AnswersFirst, "repeats-apart": RepeatsApart}

if __name__ == "__main__":
    setattr(server.app, "SqliteStore", ORDERS[sys.argv.pop(1)])  # noqa: B010 - what makes this build a broken one
    main()

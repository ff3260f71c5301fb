"""What a power cut leaves holds every acknowledged group, whole: this proves the pragmas, not reads them.

A workload runs on a watched disk; cuts are made after its operations; each image is opened as a new process
would. The same checker is shown to fail on a store that does not wait for the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actors.ports import StoreError
from actors.records import Group
from rules.cards.card import CardStatus
from server.db.connection import Cursor, Database, Open
from server.db.store import SqliteStore, StoreLimits
from tests.contract.rows import AT, card, changed, instance, journal, timeline
from tests.faults.vfs import Disk

pytestmark = [pytest.mark.faults, pytest.mark.slow]

GROUPS = 40
CUTS = 60
ROW_BYTES = 2_500


def group(number: int) -> Group:
    """Group n adds entry n, replaces the one instance's snapshot and changes the one card."""
    first, kept = number == 1, card("k-1")
    return Group(
        journal=[journal(f"e-{number}")],
        instances={"i-1": instance(new=first, state=str(number).encode().ljust(ROW_BYTES))},
        timeline=[timeline(number)],
        cards=[kept if first else changed(kept, CardStatus.ACTIVE, values={"n": number})],
    )


@dataclass(slots=True)
class Cut:
    acknowledged: int
    files: dict[str, bytes]


@dataclass(slots=True)
class Outage:
    """Chooses moments for cuts, all on the writer's thread, and keeps what each leaves."""

    disk: Disk
    chance: Random
    acknowledged: int = 0
    cuts: list[Cut] = field(default_factory=list)

    def maybe(self) -> None:
        if self.acknowledged and self.chance.random() < 0.15:
            self.cuts.append(Cut(self.acknowledged, self.disk.cut(self.chance)))


async def cuts_of(folder: Path, seed: int, behind: Callable[[Open], Open]) -> list[Cut]:
    """Run the workload, folding the log now and then, with cuts in between."""
    disk, chance = Disk(), Random(seed)
    outage = Outage(disk, chance)
    store = SqliteStore(
        folder, now=lambda: AT, open=behind(disk.open), limits=StoreLimits(checkpoint_pages=20, readers=1)
    )
    await store.open()
    disk.after_operation = outage.maybe
    for number in range(1, GROUPS + 1):
        await store.apply(group(number))
        outage.acknowledged = number
    disk.after_operation = lambda: None
    await store.close()
    chance.shuffle(outage.cuts)
    return outage.cuts[:CUTS]


async def what_is_wrong(folder: Path, cut: Cut) -> str | None:
    """Open what the cut left; None if all that was acknowledged is there, whole."""
    put_files(folder, cut.files)
    store = SqliteStore(folder, now=lambda: AT)
    try:
        await store.open()
        try:
            return await _what_is_wrong(store, cut.acknowledged)
        finally:
            await store.close()
    except (StoreError, AssertionError, IndexError, KeyError, sqlite3.Error) as error:
        return f"{type(error).__name__}: {error}"


def put_files(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


async def _what_is_wrong(store: SqliteStore, acknowledged: int) -> str | None:
    with closing(sqlite3.connect(store.path)) as db:
        (integrity,) = db.execute("pragma integrity_check").fetchone()
    entries = await store.journal(after=0, limit=GROUPS + 1)
    last = len(entries)
    held = {
        "integrity": integrity == "ok",
        "nothing acknowledged is lost": last >= acknowledged,
        "entries are a prefix": [entry.row.id for entry in entries] == [f"e-{n}" for n in range(1, last + 1)],
        "snapshot": (await store.states(["i-1"]))["i-1"].strip() == str(last).encode(),
        "timeline": [row.turn for row in await store.timeline("i-1", after=0, limit=99)]
        == list(range(1, last + 1)),
        "feed": (await store.feed_head("c-1")).seq == last,
    }
    wrong = [what for what, holds in held.items() if not holds]
    return ", ".join(wrong) or None


def as_it_is(open: Open) -> Open:
    return open


def without_waiting_for_the_disk(open: Open) -> Open:
    """The store with its most important pragma turned off."""

    def opened(path: Path, *, read_only: bool) -> Database:
        return Hasty(open(path, read_only=read_only))

    return opened


@dataclass(slots=True)
class Hasty:
    db: Database

    @property
    def in_transaction(self) -> bool:
        return self.db.in_transaction

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        return self.db.execute(sql.replace("synchronous = full", "synchronous = off"), parameters)

    def close(self) -> None:
        self.db.close()


@pytest.mark.parametrize("seed", range(3))
async def test_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    (tmp_path / "run").mkdir()
    cuts = await cuts_of(tmp_path / "run", seed, as_it_is)
    assert len(cuts) > CUTS // 2
    wrong = {n: await what_is_wrong(tmp_path / f"cut-{n}", cut) for n, cut in enumerate(cuts)}
    assert {n: what for n, what in wrong.items() if what} == {}


async def test_the_checker_notices_a_store_that_does_not_sync(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    cuts = await cuts_of(tmp_path / "run", 0, without_waiting_for_the_disk)
    wrong = [await what_is_wrong(tmp_path / f"cut-{n}", cut) for n, cut in enumerate(cuts)]
    assert len([what for what in wrong if what]) > len(cuts) // 2

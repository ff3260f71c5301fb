"""The doctor tells a healthy folder from each kind of trouble, and always says what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from actors.records import Group
from rules.cards.card import CardStatus
from server.db.connection import DATABASE
from server.db.doctor import Finding, examine, worst
from tests.contract.rows import (
    AT,
    call,
    card,
    customer,
    history,
    inbox,
    instance,
    job,
    journal,
    ledger,
    resource,
    timeline,
    undo,
)
from tests.server.db.stores import made, opened

NOW = AT + 1_000


async def healthy(folder: Path) -> Path:
    group = Group(
        journal=[journal()],
        instances={"i-1": instance(open_cards=1), "i-2": instance("i-2", test=True)},
        timeline=[timeline(1)],
        cards=[card(), card("k-2", status=CardStatus.DISMISSED)],
        customers={"c-1": customer(tags=("new", "vip"), segments=("lapsed",), timezone="Asia/Tokyo")},
        inbox_added=[inbox(1)],
        outbox_added=[call(1)],
        ledgers={("c-1", "welcome", False): ledger()},
        histories={"c-1": history()},
        jobs={"j-1": job()},
        resources={("segment", "vip"): resource()},
        undos=[undo()],
    )
    async with opened(made(folder)) as store:
        await store.apply(group)
    return folder


def data_findings(folder: Path, *, now: int = NOW) -> list[Finding]:
    return [finding for finding in examine(folder, now=now, files_wanted=1) if "SQLite" not in finding.what]


async def test_healthy_folder_is_ok(tmp_path: Path) -> None:
    findings = data_findings(await healthy(tmp_path / "data"))
    assert worst(findings) == "ok"
    assert len(findings) > 3


async def test_folder_of_a_running_store_is_ok(tmp_path: Path) -> None:
    async with opened(await healthy(tmp_path / "data")):
        assert worst(data_findings(tmp_path / "data")) == "ok"


TROUBLE = {
    "delete from snapshots where number = 1": "no snapshot",
    "update instances set live = 0 where number = 1": "not live",
    "update instances set open_cards = 0 where number = 1": "open cards wrong",
    "delete from views": "no view",
    "update cards set seq = 1": "have several cards",
    "update inbox set instance = 'nobody'": "instance that is not there",
    "update instance_counts set instances = 9": "counts of instances",
    "delete from customer_tags where tag = 'vip'": "tags of customers",
    "insert into customer_tags values ('other', 1)": "tags of customers",
    "update customers set segments = '[]'": "segments of customers",
    "update customer_segments set customer = 9": "segments of customers",
    "delete from job_specs": "jobs do not say",
    "update resources set document = x'7b'": "not JSON",
    "update outbox set payload = x'91'": "calls in the outbox cannot be read",
    "update ledgers set ledger = x''": "ledgers of customers cannot be read",
    "update histories set history = x'c1'": "histories of customers cannot be read",
    "update undos set state = x'c1'": "states from before a migration cannot be read",
}


@pytest.mark.parametrize("damage", TROUBLE)
async def test_rows_that_disagree_are_found(tmp_path: Path, damage: str) -> None:
    folder = await healthy(tmp_path / "data")
    with sqlite3.connect(folder / DATABASE) as db:
        db.execute(damage)
    db.close()
    errors = [finding for finding in data_findings(folder) if finding.severity == "error"]
    assert [TROUBLE[damage] in finding.what and bool(finding.do) for finding in errors] == [True]


async def test_damaged_file_is_found(tmp_path: Path) -> None:
    folder = await healthy(tmp_path / "data")
    content = bytearray((folder / DATABASE).read_bytes())
    content[5 * 4096 : 40 * 4096] = bytes(35 * 4096)
    (folder / DATABASE).write_bytes(content)
    assert worst(data_findings(folder)) == "error"


async def test_clock_behind_the_data_is_found(tmp_path: Path) -> None:
    findings = data_findings(await healthy(tmp_path / "data"), now=AT - 3_600_000)
    assert [finding.what for finding in findings if finding.severity == "error"] == [
        "the machine's clock is behind what the data says has happened"
    ]


async def test_folder_open_to_others_is_found(tmp_path: Path) -> None:
    folder = await healthy(tmp_path / "data")
    folder.chmod(0o755)
    assert worst(data_findings(folder)) == "warning"


def test_too_few_files_are_found(tmp_path: Path) -> None:
    findings = examine(tmp_path, now=NOW, files_wanted=1 << 40)
    assert any("files" in finding.what and finding.severity == "warning" for finding in findings)


def test_empty_folder_is_no_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert worst(data_findings(tmp_path)) == "note"


def test_other_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_text("hello, this is not a database at all")
    assert worst(data_findings(tmp_path)) == "error"

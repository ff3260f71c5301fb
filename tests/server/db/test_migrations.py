"""Files go forward step by step; what this program does not know is refused and left alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from actors.ports import CustomerFilter, StoreError
from actors.records import Group
from rules.customers.profile import Profile
from server.db.connection import DATABASE, Database
from server.db.fills import ROWS_PER_READ
from server.db.migrations import APPLICATION_ID, SCHEMA, STEPS, migrate, statements
from tests.contract.rows import customer, job
from tests.server.db.stores import opened

SECOND = "alter table meta add column colour text;\nupdate meta set colour = 'green';\n"


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:", isolation_level=None)
    yield made
    made.close()


def test_new_file_gets_the_schema_and_a_header(db: sqlite3.Connection) -> None:
    meta = migrate(db, epoch="first", now=7)
    assert (meta.epoch, meta.schema, meta.created_at) == ("first", SCHEMA, 7)
    assert db.execute("pragma application_id").fetchone() == (APPLICATION_ID,)


def test_migrated_file_stays_as_it_is(db: sqlite3.Connection) -> None:
    first = migrate(db, epoch="first", now=7)
    assert migrate(db, epoch="second", now=8) == first


def test_older_file_takes_only_the_steps_it_lacks(db: sqlite3.Connection) -> None:
    migrate(db, epoch="first", now=7)
    meta = migrate(db, epoch="second", now=8, steps=[*STEPS, SECOND])
    assert (meta.epoch, meta.schema) == ("first", SCHEMA + 1)
    assert db.execute("select colour from meta").fetchone() == ("green",)


OLD_CUSTOMER = """insert into customers (id, test, tags, created_at, updated_at, search, folded, profile)
values (?, 0, ?, 1, 1, '', ?, ?)"""
OLD_INSTANCE = """insert into instances (
    id, flow, version, customer, invocation, test, started_at, status, open_cards, live, subscriptions
)
values ('i-1', 'welcome', 1, 'ann', 'v-1', 0, 1, 'running', 0, 1, x'90')"""


def old_customer(db: sqlite3.Connection, id: str, zone: str | None) -> None:
    profile = msgspec.msgpack.encode(Profile(id=id, timezone=zone, tags=("vip",), created_at=1, updated_at=1))
    db.execute(OLD_CUSTOMER, (id, '["vip"]', id, profile))
    db.execute("insert into customer_tags select 'vip', number from customers where id = ?", (id,))


async def test_store_of_the_first_schema_has_all_that_its_rows_say(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE, isolation_level=None) as db:
        migrate(db, epoch="first", now=7, steps=STEPS[:1])
        old_customer(db, "ann", "Asia/Tokyo")
        old_customer(db, "bob", None)
        db.execute(OLD_INSTANCE)
        db.execute("insert into snapshots (number, state) values (1, x'90')")
    db.close()
    async with opened(tmp_path) as store:
        assert await store.zones() == ["", "Asia/Tokyo"]
        (ann,) = await store.audience(after=0, limit=9, segment=None, tag="vip", zone="Asia/Tokyo")
        await store.apply(Group(customers={"ann": customer("ann", segments=("big",))}, jobs={"j-1": job()}))
        assert [row.id for row in (await store.customers(CustomerFilter(segment="big")))[0]] == ["ann"]
        assert await store.audience_count(segment=None, tag="vip", zone=None) == 1
        found = await store.instance("i-1")
    assert ann.customer == "ann"
    assert found is not None
    assert found.parent is None


def test_zones_are_filled_in_for_any_number_of_customers(db: sqlite3.Connection) -> None:
    migrate(db, epoch="first", now=7, steps=STEPS[:1])
    for number in range(2 * ROWS_PER_READ + 1):
        old_customer(db, f"c-{number}", "Asia/Tokyo")
    migrate(db, epoch="second", now=8)
    found = db.execute("select timezone, count(*) from customers group by timezone").fetchall()
    assert found == [("Asia/Tokyo", 2 * ROWS_PER_READ + 1)]


def test_failed_step_leaves_the_schema_before_it(db: sqlite3.Connection) -> None:
    migrate(db, epoch="first", now=7)
    with pytest.raises(StoreError):
        migrate(db, epoch="second", now=8, steps=[*STEPS, SECOND + "update nowhere set a = 1;\n"])
    assert db.execute("pragma user_version").fetchone() == (SCHEMA,)
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        db.execute("select colour from meta")


def test_newer_file_is_refused_with_what_to_do(db: sqlite3.Connection) -> None:
    migrate(db, epoch="first", now=7, steps=[*STEPS, SECOND])
    with pytest.raises(StoreError, match=r"newer version .* restore a backup"):
        migrate(db, epoch="second", now=8)


@pytest.mark.parametrize("made_by_others", ["create table t (a)", "pragma user_version = 1"])
def test_database_of_another_program_is_refused(db: sqlite3.Connection, made_by_others: str) -> None:
    db.execute(made_by_others)
    before = db.execute("select * from sqlite_schema").fetchall()
    with pytest.raises(StoreError, match="another program"):
        migrate(db, epoch="first", now=7)
    assert db.execute("select * from sqlite_schema").fetchall() == before


def test_trigger_is_one_statement() -> None:
    trigger = "create trigger c after insert on a begin\nselect 1;\nselect 2;\nend;\n"
    assert list(statements("create table a (b);\n" + trigger)) == ["create table a (b);\n", trigger]


def test_statement_without_an_end_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="without an end"):
        list(statements("create table a (b);\ncreate table c (d)"))


def test_standard_connection_is_a_database(db: sqlite3.Connection) -> None:
    known: Database = db
    assert known.in_transaction is False

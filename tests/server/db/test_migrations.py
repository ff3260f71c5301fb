"""Files go forward step by step; what this program does not know is refused and left alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from actors.ports import StoreError
from server.db.connection import Database
from server.db.migrations import APPLICATION_ID, SCHEMA, STEPS, migrate, statements

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

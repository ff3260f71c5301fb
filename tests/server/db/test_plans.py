"""No statement of the running server reads a big table from end to end, or sorts what it cannot bound."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Literal

import pytest

from server.db.migrations import migrate
from server.db.sql import SQL, many, over_walk

DAY = 20_000
SMALL = {
    "api_keys",
    "app_keys",
    "flows",
    "meta",
    "instance_counts",
    "resources",
    "hooks",
    "schedules",
    "sqlite_schema",
    "sqlite_sequence",
}
# Statements of two files: one over rows by number, and the walk along an index that gives them.
WALKS = sorted(name for name, text in SQL.items() if "{order}" in text)
OVER_WALKS = sorted(name for name, text in SQL.items() if "{walk}" in text)
WALKED = [
    (name, walk, order)
    for name in OVER_WALKS
    for walk in WALKS
    for order in ("asc", "desc")
    if name.partition("_")[0] == walk.partition("_")[0]
]
# Made of several files, or run by `doctor` alone, which reads everything on purpose.
LEFT_OUT = {"dedupe_given", "dedupe_seen", *WALKS, *OVER_WALKS}
# By rowid from one end, within a limit.
BOUNDED = {
    "routes",
    "journal_prune",
    "timeline_prune",
    "undos_prune",
}
# All rows of a partial index, which holds no others.
WHOLE = {"jobs_open"}
READS = sorted(name for name in SQL if name not in LEFT_OUT and not name.startswith("check_"))


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:", isolation_level=None)
    migrate(made, epoch="e", now=1)
    made.execute(SQL["dedupe_create"].format(day=DAY))
    yield made
    made.close()


def plan(db: sqlite3.Connection, text: str) -> list[str]:
    names = set(re.findall(r":([a-z_]+)", text))
    given = dict.fromkeys(names) if names else [None] * text.count("?")
    return [row[3] for row in db.execute(f"explain query plan {text}", given)]


def scanned(steps: list[str]) -> set[str]:
    """Big tables that a plan reads from one end. Sub-queries and rows of parameters are no tables."""
    found = {match[1] for step in steps if (match := re.match(r"SCAN ([a-z]\w+)", step))}
    return found - SMALL - {"given", "kept", "json_each", "walked", "looked_at", "zones", "subquery"}


@pytest.mark.parametrize("name", READS)
def test_statement_finds_its_rows_by_an_index(db: sqlite3.Connection, name: str) -> None:
    text = SQL[name].format(day=DAY) if "{day}" in SQL[name] else SQL[name]
    text = many(text, 3) if "(?" in text else text
    if text.startswith("create table"):
        return
    steps = plan(db, text)
    if name in BOUNDED:
        assert "limit" in text
    elif name in WHOLE:
        assert f"indexed by {name}" in text
    else:
        assert not scanned(steps), steps


@pytest.mark.parametrize(
    "text",
    [
        "select * from cards where status = 'active'",
        "select count(*) from instances where customer > ''  or step = 'a'",
        "select * from feeds join cards on cards.seq = feeds.pruned where feeds.customer = 'c'",
    ],
)
def test_the_check_notices_a_scan(db: sqlite3.Connection, text: str) -> None:
    assert scanned(plan(db, text))


def way_of(walk: str) -> str:
    """The index that the walk's comment names, as a plan writes it."""
    named = re.split("[;:]", SQL[walk].removeprefix("-- "))[0]
    rowid = "INTEGER PRIMARY KEY"
    return rowid if named == "by rowid" else re.sub("primary key of (.+)", r"\1 USING PRIMARY KEY", named)


@pytest.mark.parametrize(("name", "walk", "order"), WALKED)
def test_walk_goes_along_its_index(
    db: sqlite3.Connection, name: str, walk: str, order: Literal["asc", "desc"]
) -> None:
    steps = plan(db, over_walk(name, walk, order=order))
    way = way_of(walk)
    assert any(step.startswith("SEARCH") and way in step for step in steps), steps
    assert not scanned(steps), steps
    assert walk in SORTED or name in GROUPED or not any("TEMP B-TREE" in step for step in steps), steps


# Of the rows that one statement looks at.
GROUPED = {"instances_tally", "cards_tally"}
SORTED = {"timeline_read", "live_below", "versions", "cards_by_customer", "cards_by_instance"}


@pytest.mark.parametrize("name", [name for name in READS if "order by" in SQL[name]])
def test_order_comes_from_the_index(db: sqlite3.Connection, name: str) -> None:
    """Those that sort do so within one instance, one publish, one flow's versions or one customer's cards."""
    sorts = any("TEMP B-TREE" in step for step in plan(db, SQL[name]))
    small = any(f"from {table}" in SQL[name] for table in SMALL)
    assert not sorts or small or name in SORTED


def test_dedupe_is_looked_up_by_key_in_each_day(db: sqlite3.Connection) -> None:
    text = many(SQL["dedupe_given"], 3) + SQL["dedupe_seen"].format(day=DAY)
    assert any("SEARCH dedupe_20000 USING PRIMARY KEY" in step for step in plan(db, text))


@pytest.mark.parametrize("mark", ["tag", "segment"])
def test_mark_of_a_customer_is_removed_without_walking_all_who_have_it(
    db: sqlite3.Connection, mark: str
) -> None:
    steps = plan(db, many(SQL[f"customer_{mark}s_remove"], 3))
    ways = [step.partition("PRIMARY KEY ")[2] for step in steps if step.startswith("SEARCH")]
    assert set(ways) == {f"({mark}=? AND customer=?)"}


def test_statements_say_which_index_they_rely_on() -> None:
    """Every index of the schema is named by a statement, so none is kept for nothing."""
    text = "\n".join(SQL.values())
    db = sqlite3.connect(":memory:")
    migrate(db, epoch="e", now=1)
    indices = [
        row[0]
        for row in db.execute("select name from sqlite_schema where type = 'index' and sql is not null")
    ]
    db.close()
    assert [name for name in indices if name not in text] == []

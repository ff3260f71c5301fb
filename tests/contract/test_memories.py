"""What flows and segments remember of a customer: one row of each, replaced when it changes."""

from __future__ import annotations

import pytest

from actors.ports import Store
from actors.records import Group, HistoryRow, LedgerRow

from .rows import AT, history, ledger

MANY = 300


def ledgers(*rows: LedgerRow) -> Group:
    return Group(ledgers={(row.customer, row.flow, row.test): row for row in rows})


def histories(*rows: HistoryRow) -> Group:
    return Group(histories={row.customer: row for row in rows})


async def test_ledgers_are_kept_by_customer_flow_and_test(store: Store) -> None:
    rows = [ledger(), ledger("c-2"), ledger(flow="other"), ledger(test=True, n=4)]
    await store.apply(ledgers(*rows))
    keys = [(row.customer, row.flow, row.test) for row in rows]
    assert await store.ledgers([*keys, ("c-2", "other", False)]) == dict(zip(keys, rows, strict=True))
    assert await store.ledgers(keys[:1]) == {keys[0]: rows[0]}
    assert await store.ledgers([]) == {}


async def test_ledger_is_replaced(store: Store) -> None:
    await store.apply(ledgers(ledger(n=1)))
    await store.apply(ledgers(ledger(n=2)))
    assert await store.ledgers([("c-1", "welcome", False)]) == {("c-1", "welcome", False): ledger(n=2)}


async def test_many_ledgers_are_read_at_once(store: Store) -> None:
    rows = {(f"c-{n}", "welcome", False): ledger(f"c-{n}") for n in range(MANY)}
    await store.apply(Group(ledgers=rows))
    assert await store.ledgers(list(rows)) == rows


async def test_histories_are_read_for_those_that_exist(store: Store) -> None:
    await store.apply(histories(history("c-1"), history("c-2", due=AT, n=2)))
    assert await store.histories(["c-2", "c-3"]) == {"c-2": history("c-2", due=AT, n=2)}
    assert await store.histories([]) == {}


@pytest.mark.parametrize("due", [None, AT + 9])
async def test_history_is_replaced_with_its_check(store: Store, due: int | None) -> None:
    await store.apply(histories(history(due=AT), history("c-2", due=AT + 1)))
    await store.apply(histories(history(due=due, n=2)))
    assert await store.histories(["c-1"]) == {"c-1": history(due=due, n=2)}
    moved = [] if due is None else [(due, "c-1")]
    assert await store.checks_due(before=AT + 10, limit=9) == [(AT + 1, "c-2"), *moved]


async def test_change_of_a_history_leaves_its_check(store: Store) -> None:
    await store.apply(histories(history(due=AT)))
    await store.apply(histories(history(due=AT, n=2)))
    assert await store.checks_due(before=AT + 1, limit=9) == [(AT, "c-1")]


@pytest.mark.parametrize(
    ("before", "limit", "ids"),
    [
        (AT, 9, []),
        (AT + 1, 9, ["c-3"]),
        (AT + 9, 9, ["c-3", "c-1", "c-2"]),
        (AT + 9, 2, ["c-3", "c-1"]),
    ],
)
async def test_checks_are_due_earliest_first(store: Store, before: int, limit: int, ids: list[str]) -> None:
    rows = [history("c-1", due=AT + 5), history("c-2", due=AT + 5), history("c-3", due=AT), history("c-4")]
    await store.apply(histories(*rows))
    assert [id for _, id in await store.checks_due(before=before, limit=limit)] == ids

"""Jobs are found by what is asked of them: those that are open, one by its id, a list, who has a key."""

from __future__ import annotations

from typing import Any

import pytest

from actors.ports import JobFilter, Store, StoreError
from actors.records import Group, JobRow

from .rows import AT, job, undo

JOBS = [
    job("j-1"),
    job("j-2", kind="cancel", name="other", state="running", unique="a", result=b"so far"),
    job("j-3", state="done", ended_at=AT, unique="b"),
    job("j-4", kind="schedule", state="missed", by="server", ended_at=AT),
]


def jobs(*rows: JobRow) -> Group:
    return Group(jobs={row.id: row for row in rows})


async def test_job_is_replaced_as_it_goes_on(store: Store) -> None:
    await store.apply(jobs(job()))
    later = job(state="running", cursor=b"\x05", done=3, total=9, failed=1, updated_at=AT + 1, result=b"r")
    await store.apply(jobs(later))
    assert await store.job("j-1") == later
    ended = job(state="failed", done=9, total=9, failed=1, updated_at=AT + 2, ended_at=AT + 2, error="why")
    await store.apply(jobs(ended))
    await store.close()
    await store.open()
    assert await store.job("j-1") == ended


async def test_job_keeps_the_spec_that_it_was_made_with(store: Store) -> None:
    await store.apply(jobs(job(spec=b"\x91\x07")))
    await store.apply(jobs(job(spec=b"", state="running")))
    assert await store.job("j-1") == job(spec=b"\x91\x07", state="running")


async def test_job_that_is_not_there_is_none(store: Store) -> None:
    assert await store.job("nobody") is None


async def test_open_jobs_are_those_that_wait_or_run_oldest_first(store: Store) -> None:
    await store.apply(jobs(*JOBS))
    assert await store.open_jobs() == JOBS[:2]
    await store.apply(jobs(job("j-0"), job("j-1", state="stopped", ended_at=AT)))
    assert [row.id for row in await store.open_jobs()] == ["j-2", "j-0"]


@pytest.mark.parametrize(
    ("filter", "ids"),
    [
        ({}, ["j-4", "j-3", "j-2", "j-1"]),
        ({"kind": "start"}, ["j-3", "j-1"]),
        ({"name": "other"}, ["j-2"]),
        ({"state": "missed"}, ["j-4"]),
        ({"kind": "start", "state": "done"}, ["j-3"]),
        ({"name": "nobody"}, []),
        ({"by": "key"}, ["j-3", "j-2", "j-1"]),
        ({"by": "server"}, ["j-4"]),
    ],
)
async def test_jobs_by_filter_newest_first(store: Store, filter: dict[str, Any], ids: list[str]) -> None:
    await store.apply(jobs(*JOBS))
    rows, cursor = await store.jobs(JobFilter(**filter))
    assert [row.id for row in rows] == ids
    assert cursor is None
    assert all(row.spec == row.result == b"" for row in rows)


async def test_pages_of_jobs_give_each_once(store: Store) -> None:
    await store.apply(jobs(*JOBS))
    first, cursor = await store.jobs(JobFilter(limit=3))
    await store.apply(jobs(job("j-9")))
    second, end = await store.jobs(JobFilter(limit=3, cursor=cursor))
    assert [row.id for row in [*first, *second]] == ["j-4", "j-3", "j-2", "j-1"]
    assert end is None


async def test_uniques_name_the_jobs_that_have_them(store: Store) -> None:
    await store.apply(jobs(*JOBS))
    assert await store.job_uniques(["a", "b", "c"]) == {"a": "j-2", "b": "j-3"}
    assert await store.job_uniques([]) == {}


@pytest.mark.parametrize(
    "other", [[job("j-9", unique="a")], [job("j-8", unique="z"), job("j-9", unique="z")]]
)
async def test_second_job_with_the_same_unique_is_refused_with_all_of_its_group(
    store: Store, other: list[JobRow]
) -> None:
    await store.apply(jobs(*JOBS))
    with pytest.raises(StoreError):
        await store.apply(jobs(job("j-7"), *other))
    assert [row.id for row in (await store.jobs(JobFilter()))[0]] == ["j-4", "j-3", "j-2", "j-1"]


async def test_job_with_a_unique_goes_on_under_it(store: Store) -> None:
    await store.apply(jobs(job(unique="a")))
    await store.apply(jobs(job(unique="a", state="running")))
    assert await store.job_uniques(["a"]) == {"a": "j-1"}


async def test_what_undoes_a_job_is_read_in_pieces(store: Store) -> None:
    rows = [undo(f"i-{number}") for number in range(5)]
    await store.apply(Group(undos=[undo("other", job="j-2"), *rows]))
    first = await store.undos("j-1", after=0, limit=3)
    rest = await store.undos("j-1", after=first[-1][0], limit=9)
    assert [row for _, row in [*first, *rest]] == rows
    assert await store.undos("j-3", after=0, limit=9) == []

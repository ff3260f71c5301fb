"""Nothing grows for ever: what is past its window goes, in bounded pieces, and nothing else."""

from __future__ import annotations

from actors.ports import MS_PER_DAY, Retention, Store
from actors.records import AnswerRow, FeedHead, Group
from rules.cards.card import CardStatus

from .rows import (
    AT,
    DAY,
    card,
    changed,
    dedupe,
    ended,
    instance,
    job,
    journal,
    shown,
    started,
    timeline,
    undo,
)

KEEP = Retention()
MORE_THAN_A_PIECE = 2_500


async def prune_all(store: Store, now: int) -> int:
    dropped = 0
    while piece := await store.prune(now=now):
        dropped += piece
    return dropped


async def test_nothing_to_prune_drops_nothing(store: Store) -> None:
    await store.apply(Group(journal=[journal()], dedupe=[dedupe()], cards=[card()]))
    assert await store.prune(now=AT) == 0
    assert len(await store.journal(after=0, limit=9)) == 1


async def test_dedupe_keys_are_kept_for_seven_whole_days(store: Store) -> None:
    rows = [dedupe("a", day=DAY), dedupe("b", day=DAY + 1)]
    await store.apply(Group(dedupe=rows))
    await prune_all(store, AT + KEEP.dedupe_days * MS_PER_DAY)
    assert len(await store.seen([row.key for row in rows])) == 2
    await prune_all(store, (DAY + KEEP.dedupe_days + 1) * MS_PER_DAY)
    assert list(await store.seen([row.key for row in rows])) == [rows[1].key]


async def test_day_that_was_dropped_can_be_written_again(store: Store) -> None:
    await store.apply(Group(dedupe=[dedupe("a", day=DAY)]))
    await prune_all(store, (DAY + KEEP.dedupe_days + 1) * MS_PER_DAY)
    await store.apply(Group(dedupe=[dedupe("a", day=DAY)]))
    assert await store.seen([dedupe("a").key]) == {dedupe("a").key: dedupe("a", day=DAY)}


async def test_expired_answers_are_dropped(store: Store) -> None:
    rows = [
        AnswerRow(key=key, digest=b"d", answer=b"a", expires_at=at)
        for key, at in ((b"a", AT), (b"b", AT + 1))
    ]
    await store.apply(Group(answers=rows))
    assert await prune_all(store, AT) == 1
    assert await store.answers([b"a", b"b"], now=0) == {b"b": rows[1]}


async def test_journal_is_kept_for_its_time(store: Store) -> None:
    await store.apply(Group(journal=[journal("old"), journal("new", at=AT + 1)]))
    assert await prune_all(store, AT + 1 + KEEP.journal_ms) == 1
    assert [entry.row.id for entry in await store.journal(after=0, limit=9)] == ["new"]


async def test_timeline_is_kept_for_its_time(store: Store) -> None:
    entries = [timeline(1), timeline(2), timeline(3, at=AT + 1)]
    await store.apply(Group(instances={"i-1": instance()}, timeline=entries))
    assert await prune_all(store, AT + 1 + KEEP.timeline_ms) == 2
    await store.apply(Group(timeline=[timeline(4, at=AT + 2)]))
    assert [row.turn for row in await store.timeline("i-1", after=0, limit=9)] == [3, 4]
    assert await prune_all(store, AT + 9 + KEEP.timeline_ms) == 2
    assert await store.timeline("i-1", after=0, limit=9) == []
    await store.apply(Group(timeline=[timeline(5, at=AT + 3)]))
    assert [row.turn for row in await store.timeline("i-1", after=0, limit=9)] == [5]


async def test_what_undoes_a_job_is_kept_for_its_time(store: Store) -> None:
    await store.apply(Group(undos=[undo("old"), undo("new", at=AT + 1)]))
    assert await prune_all(store, AT + 1 + KEEP.undos_ms) == 1
    assert [row.instance for _, row in await store.undos("j-1", after=0, limit=9)] == ["new"]


async def test_journal_numbers_rise_after_all_was_dropped(store: Store) -> None:
    await store.apply(Group(journal=[journal("a"), journal("b")]))
    await prune_all(store, AT + 1 + KEEP.journal_ms)
    await store.apply(Group(journal=[journal("c")]))
    assert [entry.number for entry in await store.journal(after=0, limit=9)] == [3]


async def test_tombstones_go_and_raise_the_pruned_mark(store: Store) -> None:
    rows = [card("k-1"), card("k-2"), card("k-3")]
    await store.apply(Group(cards=rows))
    await store.apply(
        Group(
            cards=[
                changed(rows[1], CardStatus.DISMISSED, closed_at=AT),
                changed(rows[0], CardStatus.COMPLETED, closed_at=AT + 1),
            ]
        )
    )
    assert await prune_all(store, AT + 1 + KEEP.tombstones_ms) == 1
    assert await store.card("k-2") is None
    assert await store.feed_head("c-1") == FeedHead(seq=5, pruned=4)
    assert await shown(store) == [("k-3", 3)]
    assert [row.seq for row in (await store.feed("c-1", since=4, limit=9))[1]] == [5]


async def test_open_card_is_never_dropped(store: Store) -> None:
    await store.apply(Group(cards=[card()]))
    assert await prune_all(store, AT + 10 * KEEP.tombstones_ms) == 0
    assert await shown(store) == [("k-1", 1)]


async def test_ended_instance_goes_after_its_cards(store: Store) -> None:
    row, kept = instance(), card()
    await store.apply(Group(instances={row.id: row}, cards=[kept], timeline=[timeline(1, at=AT + 10**12)]))
    later = AT + 1 + KEEP.instances_ms
    await store.apply(
        Group(instances={row.id: ended(row)}, cards=[changed(kept, CardStatus.EXPIRED, closed_at=later)])
    )
    assert await prune_all(store, later) == 0
    assert await store.instance("i-1") is not None
    assert await prune_all(store, later + 1 + KEEP.tombstones_ms) == 2
    assert await store.instance("i-1") is None
    assert await store.states(["i-1"]) == {}
    assert await store.timeline("i-1", after=0, limit=9) == []
    assert await store.instance_counts("welcome") == {}


async def test_ended_job_is_kept_for_its_time(store: Store) -> None:
    rows = [job("j-1", state="done", ended_at=AT), job("j-2", state="failed", ended_at=AT + 1), job("j-3")]
    await store.apply(Group(jobs={row.id: row for row in rows}))
    assert await prune_all(store, AT + 1 + KEEP.jobs_ms) == 1
    assert await store.job("j-1") is None
    assert await store.job("j-2") == rows[1]
    assert await prune_all(store, AT + 10 * KEEP.jobs_ms) == 1
    assert await store.open_jobs() == [rows[2]]


async def test_live_instance_is_never_dropped(store: Store) -> None:
    await store.apply(started(instance(), instance("i-2", status="completed", ended_at=AT, open_cards=1)))
    assert await prune_all(store, AT + 10 * KEEP.instances_ms) == 0


async def test_much_goes_in_pieces(store: Store) -> None:
    await store.apply(Group(journal=[journal(f"e-{number}") for number in range(MORE_THAN_A_PIECE)]))
    later = AT + 1 + KEEP.journal_ms
    assert 0 < await store.prune(now=later) < MORE_THAN_A_PIECE
    await prune_all(store, later)
    assert await store.journal(after=0, limit=9) == []


async def test_checkpoint_changes_nothing(store: Store) -> None:
    await store.apply(Group(cards=[card()]))
    await store.checkpoint()
    assert await shown(store) == [("k-1", 1)]

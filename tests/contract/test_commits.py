"""A group is stored whole or not at all, and is still there after a restart."""

from __future__ import annotations

from dataclasses import fields

import pytest
from msgspec.structs import replace

from actors.ports import Store, StoreError
from actors.records import AnswerRow, Group
from rules.cards.card import CardStatus

from .rows import (
    AT,
    call,
    card,
    changed,
    customer,
    dedupe,
    ended,
    flow,
    history,
    hook,
    inbox,
    instance,
    job,
    journal,
    ledger,
    resource,
    schedule,
    seqs,
    shown,
    started,
    timeline,
    undo,
    version,
)


def whole() -> Group:
    """A group with a row of each kind."""
    return Group(
        journal=[journal()],
        dedupe=[dedupe()],
        answers=[AnswerRow(key=b"k", digest=b"d", answer=b"a", expires_at=AT + 1)],
        instances={"i-1": instance()},
        timeline=[timeline(1)],
        cards=[card()],
        customers={"c-1": customer()},
        inbox_added=[inbox(1)],
        flows={"welcome": flow()},
        versions=[version(1)],
        outbox_added=[call(1)],
        ledgers={("c-1", "welcome", False): ledger()},
        histories={"c-1": history()},
        jobs={"j-1": job(unique="once")},
        resources={("segment", "vip"): resource()},
        hooks={"t-1": hook()},
        schedules={("welcome", "daily", "UTC"): schedule()},
        undos=[undo()],
    )


async def nothing_is_there(store: Store) -> bool:
    found = [
        await store.journal(after=0, limit=10),
        await store.seen([dedupe().key]),
        await store.answers([b"k"], now=AT),
        await store.states(["i-1"]),
        await store.timeline("i-1", after=0, limit=10),
        (await store.feed("c-1", since=0, limit=10))[1],
        await store.profiles(["c-1"]),
        await store.inbox(after=0, limit=10),
        await store.flows(),
        await store.versions("welcome"),
        await store.outbox(after=0, limit=10),
        await store.ledgers([("c-1", "welcome", False)]),
        await store.histories(["c-1"]),
        await store.open_jobs(),
        await store.resources(),
        await store.hooks(),
        await store.schedules(),
        await store.undos("j-1", after=0, limit=10),
    ]
    return not any(found) and (await store.feed_head("c-1")).seq == 0


async def test_every_kind_of_row_survives_a_restart(store: Store) -> None:
    group = whole()
    await store.apply(group)
    await store.close()
    await store.open()
    assert [entry.row for entry in await store.journal(after=0, limit=10)] == group.journal
    assert await store.seen([dedupe().key]) == {dedupe().key: dedupe()}
    assert await store.answers([b"k"], now=AT) == {b"k": group.answers[0]}
    assert await store.instance("i-1") == instance(new=False)
    assert await store.timeline("i-1", after=0, limit=10) == group.timeline
    assert await shown(store) == [("k-1", 1)]
    assert await store.profiles(["c-1"]) == group.customers
    assert await store.inbox(after=0, limit=10) == group.inbox_added
    assert await store.flows() == [flow()]
    assert await store.version("welcome", 1) == version(1)
    assert await store.outbox(after=0, limit=10) == group.outbox_added
    assert await store.ledgers([("c-1", "welcome", False)]) == group.ledgers
    assert await store.histories(["c-1"]) == group.histories
    assert await store.open_jobs() == [job(unique="once")]
    assert await store.resources() == [resource()]
    assert await store.hooks() == [hook()]
    assert await store.schedules() == [schedule()]
    assert await store.undos("j-1", after=0, limit=10) == [(1, undo())]


async def test_epoch_stays_when_the_store_is_opened_again(store: Store) -> None:
    await store.close()
    first = await store.open()
    await store.close()
    assert await store.open() == first


@pytest.mark.parametrize("kind", [kind.name for kind in fields(Group)])
def test_rows_of_each_kind_are_counted(kind: str) -> None:
    group = Group()
    rows = getattr(group, kind)
    assert group.row_count() == 0
    if isinstance(rows, dict):
        rows["one"] = None
    else:
        rows.append(None)
    assert group.row_count() == 1


async def test_empty_group_commits_nothing(store: Store) -> None:
    assert list(await store.apply(Group())) == []
    assert await nothing_is_there(store)


SPOILERS = {
    "an update of an unknown instance": Group(instances={"i-9": instance("i-9", new=False)}),
    "a timeline of an unknown instance": Group(timeline=[timeline(1, instance="i-9")]),
    "an update of an unknown card": Group(cards=[changed(card("k-9"), CardStatus.DISMISSED)]),
    "a new card without a view": Group(cards=[card("k-9", view=None)]),
    "the same new card twice": Group(cards=[card("k-9"), card("k-9")]),
    "the same dedupe key twice": Group(dedupe=[dedupe("z"), dedupe("z")]),
    "the same inbox number twice": Group(inbox_added=[inbox(9), inbox(9)]),
    "an inbox row that is not there": Group(inbox_taken=[9]),
    "an inbox row taken twice": Group(inbox_added=[inbox(9)], inbox_taken=[9, 9]),
    "the same outbox number twice": Group(outbox_added=[call(9), call(9)]),
    "two jobs with one key": Group(jobs={"j-8": job("j-8", unique="k"), "j-9": job("j-9", unique="k")}),
}


@pytest.mark.parametrize("what", SPOILERS)
async def test_group_with_one_wrong_row_stores_nothing(store: Store, what: str) -> None:
    spoiler, group = SPOILERS[what], whole()
    group.instances.update(spoiler.instances)
    group.timeline += spoiler.timeline
    group.cards += spoiler.cards
    group.dedupe += spoiler.dedupe
    group.inbox_added += spoiler.inbox_added
    group.inbox_taken += spoiler.inbox_taken
    group.outbox_added += spoiler.outbox_added
    group.jobs.update(spoiler.jobs)
    with pytest.raises(StoreError):
        await store.apply(group)
    assert await nothing_is_there(store)
    await store.apply(whole())
    assert await shown(store) == [("k-1", 1)]


REPEATS = {
    "instance": started(instance()),
    "card": Group(cards=[card()]),
    "dedupe key": Group(dedupe=[dedupe()]),
    "inbox number": Group(inbox_added=[inbox(1)]),
    "outbox number": Group(outbox_added=[call(1)]),
    "job's key": Group(jobs={"j-2": job("j-2", unique="once")}),
    "other version": Group(versions=[version(1, document="steps: {other: {}}")]),
}


@pytest.mark.parametrize("what", REPEATS)
async def test_new_row_that_is_there_already_is_refused(store: Store, what: str) -> None:
    await store.apply(whole())
    with pytest.raises(StoreError):
        await store.apply(REPEATS[what])


async def test_update_replaces_what_changes_of_an_instance(store: Store) -> None:
    await store.apply(started(instance(due=AT + 5, parent="i-0")))
    later = instance(
        new=False,
        status="failed",
        error="eval_error",
        due=AT + 9,
        open_cards=2,
        subscriptions=b"\x91",
        state=b"more",
        step="ask",
        parent="i-0",
    )
    await store.apply(started(later))
    assert await store.instance("i-1") == later
    await store.apply(started(ended(later, at=AT + 7)))
    assert await store.instance("i-1") == ended(later, at=AT + 7)


async def test_update_moves_an_instance_to_another_version(store: Store) -> None:
    await store.apply(started(instance(), instance("i-2"), instance("i-3", test=True)))
    moved = [instance(new=False, version=2), instance("i-3", test=True, new=False, version=2)]
    await store.apply(started(*moved))
    assert await store.instance("i-1") == moved[0]
    assert await store.instance_counts("welcome") == {(1, "running"): 1, (2, "running"): 1}
    assert await store.live_below("welcome", 2, limit=9) == ["i-2"]
    (route,) = [route async for routes in store.routes() for route in routes if route.id == "i-1"]
    assert route.version == 2
    await store.apply(started(ended(instance("i-2", version=3))))
    assert await store.instance_counts("welcome") == {(2, "running"): 1, (3, "completed"): 1}


async def test_update_of_the_snapshot_alone_leaves_the_rest(store: Store) -> None:
    await store.apply(started(instance(due=AT + 5)))
    await store.apply(started(instance(new=False, due=AT + 5, state=b"more")))
    assert await store.states(["i-1"]) == {"i-1": b"more"}
    assert await store.due(before=AT + 6, limit=9) == [(AT + 5, "i-1")]


async def test_cards_get_the_next_numbers_in_the_order_of_the_group(store: Store) -> None:
    one, two, other = card("k-1"), card("k-2"), card("k-3", customer="c-2")
    first = await store.apply(Group(cards=[one, other, two, changed(one, CardStatus.SNOOZED)]))
    assert [(row.card.id, row.customer, row.seq) for row in first] == [
        ("k-1", "c-1", 1),
        ("k-3", "c-2", 1),
        ("k-2", "c-1", 2),
        ("k-1", "c-1", 3),
    ]
    second = await store.apply(Group(cards=[changed(two, CardStatus.DISMISSED)]))
    assert seqs(list(second)) == [4]
    assert (await store.feed_head("c-1")).seq == 4


async def test_card_keeps_its_view_until_it_is_rendered_again(store: Store) -> None:
    row = card()
    await store.apply(Group(cards=[row]))
    (snoozed,) = await store.apply(Group(cards=[changed(row, CardStatus.SNOOZED)]))
    assert (snoozed.seq, snoozed.view_seq, snoozed.view) == (2, 1, b"view")
    (rendered,) = await store.apply(Group(cards=[changed(row, CardStatus.ACTIVE, view=b"newer")]))
    assert (rendered.seq, rendered.view_seq, rendered.view) == (3, 3, b"newer")
    assert await store.card("k-1") == rendered


@pytest.mark.parametrize("view", [None, b"rendered"])
async def test_card_of_an_instance_that_was_moved_is_of_its_version(store: Store, view: bytes | None) -> None:
    row = card()
    await store.apply(Group(cards=[row]))
    (answered,) = await store.apply(
        Group(cards=[replace(changed(row, CardStatus.SNOOZED, view=view), version=2)])
    )
    assert answered.version == 2
    assert await store.card("k-1") == answered


async def test_card_comes_back_as_it_was_committed(store: Store) -> None:
    row = card(
        streams=("inbox", "home"), values={"n": 1, "list": [1.5, None]}, form={"a": {"b": True}}, test=True
    )
    (answered,) = await store.apply(Group(cards=[row]))
    assert answered.card == row.card
    assert await store.card("k-1") == answered


async def test_inbox_rows_are_added_before_others_are_taken(store: Store) -> None:
    await store.apply(Group(inbox_added=[inbox(1), inbox(2)]))
    await store.apply(Group(inbox_added=[inbox(3)], inbox_taken=[1, 3]))
    assert await store.inbox(after=0, limit=9) == [inbox(2)]


async def test_kept_answer_is_replaced(store: Store) -> None:
    old = AnswerRow(key=b"k", digest=b"d", answer=b"old", expires_at=AT)
    new = AnswerRow(key=b"k", digest=b"e", answer=b"new", expires_at=AT + 9)
    await store.apply(Group(answers=[old]))
    await store.apply(Group(answers=[new]))
    assert await store.answers([b"k"], now=AT) == {b"k": new}


async def test_flow_and_customer_rows_are_replaced(store: Store) -> None:
    await store.apply(Group(flows={"welcome": flow()}, customers={"c-1": customer(tags=("a", "b"))}))
    newer = flow(
        name="Hello", published=3, paused=True, archived=True, revision=2, cancel_below=3, resumed_at=AT
    )
    person = customer(
        profile=b"new",
        test=True,
        tags=("b", "c"),
        updated_at=AT + 1,
        search="Ann",
        segments=("s",),
        timezone="Asia/Tokyo",
    )
    await store.apply(Group(flows={"welcome": newer}, customers={"c-1": person}))
    assert await store.flow("welcome") == newer
    assert await store.profiles(["c-1"]) == {"c-1": person}


async def test_the_same_version_may_be_stored_again(store: Store) -> None:
    await store.apply(Group(versions=[version(-2)]))
    await store.apply(Group(versions=[version(-2)]))
    assert await store.version("welcome", -2) == version(-2)

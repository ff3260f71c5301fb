"""A read that fails after a commit: the caller is not told that nothing was stored."""

from __future__ import annotations

import pytest

from actors.commands import Action, UnknownOutcome
from actors.memory import MemoryStore
from actors.ports import StoreError
from actors.records import FeedCard, InstanceRow
from actors.testing import Stage, play
from rules.instance import InstanceStatus

pytestmark = [pytest.mark.faults]

ASKING = """
flow: asking
triggers: {asked: {type: event, event: asked}}
start: ask
cards: {question: {title: Question, body: [{type: dismiss, label: "No"}]}}
steps:
  ask: {type: send_card, card: question, next: wait}
  wait: {type: wait, until: [{id: over, type: card, of: ask, action: dismissed, next: again}]}
  again: {type: wait, until: [{id: never, type: event, event: never}]}
"""


class Unreadable(MemoryStore):
    """Commits, and at times cannot be asked for one instance or card."""

    is_unreadable = False

    async def instance(self, id: str) -> InstanceRow | None:
        if self.is_unreadable:
            raise StoreError("disk I/O error")
        return await super().instance(id)

    async def card(self, id: str) -> FeedCard | None:
        if self.is_unreadable:
            raise StoreError("disk I/O error")
        return await super().card(id)


def test_cancelling_is_of_unknown_outcome_if_its_result_cannot_be_read() -> None:
    async def script() -> None:
        store = Unreadable()
        async with Stage(store) as stage:
            await stage.publish(ASKING)
            (id,) = (await stage.post("asked", "ann")).started
            store.is_unreadable = True
            with pytest.raises(UnknownOutcome):
                await stage.engine.cancel(id)
            store.is_unreadable = False
            assert await stage.status(id) is InstanceStatus.CANCELLED

    play(script())


def test_acting_again_is_of_unknown_outcome_if_the_card_cannot_be_read() -> None:
    async def script() -> None:
        store = Unreadable()
        async with Stage(store) as stage:
            await stage.publish(ASKING)
            await stage.post("asked", "ann")
            _, (card,) = await store.feed_open("ann")
            action = Action(customer="ann", card=card.card.id, action="dismiss", key="k", digest=b"d" * 16)
            assert (await stage.engine.act(action)).code == "ok"
            store.is_unreadable = True
            with pytest.raises(UnknownOutcome):
                await stage.engine.act(action)

    play(script())

"""Actions whose end the engine does not know, or will not begin."""

from __future__ import annotations

import pytest

from actors.commands import Action, ActionResult, Overloaded, TrackBatch, UnknownOutcome
from actors.ports import StoreError
from server.clock import SystemClock
from server.live.actions import Actions
from server.live.messages import Act, CardAction, Tracked
from server.live.polling import ActionBody

ACTION = CardAction(card="c", action="submit", values={"b": 1, "a": [2.5]})


class Engine:
    """Ends every call in the same way, and remembers what it was asked."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.digests: list[bytes] = []

    async def act(self, action: Action) -> ActionResult:
        self.digests.append(action.digest)
        return self._end()

    async def track(self, batch: TrackBatch) -> ActionResult:
        self.digests.append(batch.digest)
        return self._end()

    def _end(self) -> ActionResult:
        if self.trouble is not None:
            raise self.trouble
        return ActionResult(code="ok")


def actions(engine: Engine) -> Actions:
    return Actions(engine, SystemClock(), zone="UTC", app_events=())


@pytest.mark.parametrize(
    ("trouble", "code", "retry_after_s"),
    [
        (Overloaded(2.5), "overloaded", 2.5),
        (UnknownOutcome(), "unknown_outcome", None),
        (StoreError("not readable"), "unknown_outcome", None),
    ],
)
async def test_trouble_is_an_end_like_others(
    trouble: Exception, code: str, retry_after_s: float | None
) -> None:
    acting = actions(Engine(trouble))
    for ended in (
        await acting.act("c-42", "k", ACTION),
        await acting.track("c-42", "k", [Tracked(card="c", name="displayed")]),
    ):
        assert (ended.code, ended.retry_after_s) == (code, retry_after_s)
        assert ended.text


async def test_request_has_the_same_digest_whichever_way_it_comes() -> None:
    engine = Engine()
    acting = actions(engine)
    await acting.act("c-42", "k", Act(id=1, key="k", card="c", action="submit", values={"b": 1, "a": [2.5]}))
    await acting.act("c-42", "k", Act(id=2, key="k", card="c", action="submit", values={"a": [2.5], "b": 1}))
    await acting.act("c-42", "k", ActionBody(key="k", card="c", action="submit", values={"b": 1, "a": [2.5]}))
    assert len(set(engine.digests)) == 1


async def test_other_request_has_another_digest() -> None:
    engine = Engine()
    acting = actions(engine)
    others = [
        CardAction(card="c", action="submit"),
        CardAction(card="d", action="submit"),
        CardAction(card="c", action="dismiss"),
        CardAction(card="c", action="submit", seq=1),
        CardAction(card="c", action="submit", button="b"),
        CardAction(card="c", action="submit", element="b"),
        CardAction(card="c", action="submit", for_="PT1H"),
    ]
    for other in others:
        await acting.act("c-42", "k", other)
    await acting.track("c-42", "k", [Tracked(card="c", name="submitted")])
    assert len(set(engine.digests)) == len(others) + 1

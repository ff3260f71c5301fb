"""Joins: who stands at one, when it fires, whom it absorbs (flow format §9.3).

`need: all` waits until no other token, parked ones included, can come to it; a number fires at that many
arrivals and absorbs the rest. When nobody can come any more, a join for some fires with those who came: else
it would hold them for ever.
"""

from __future__ import annotations

from ..instance import Token
from ..model import Join
from .run import Run


def arrive(run: Run, join: Join, activation: int) -> None:
    """A token comes: it is absorbed, or stands and may make the join fire."""
    if join.id in run.joined:
        run.note(join.id, "absorbed")
        return
    run.add_token(Token(join.id, activation, run.now))
    if join.need is not None and len(_standing(run, join.id)) >= join.need:
        fire(run, join)
    else:
        run.note(join.id, "stands")


def ready(run: Run) -> Join | None:
    """The first join, in document order, that fires because nobody else can come to it.

    If others can, but every one of them stands at a join itself, none would ever move: the first fires.
    """
    if not run.flow.listening.joins:
        return None
    occupied = [id for id in run.flow.listening.joins if _standing(run, id)]
    blockers = {id: _who_can_come(run, id) for id in occupied}
    free = [id for id in occupied if not blockers[id]]
    stuck = [id for id in occupied if all(_stands(run, token) for token in blockers[id])]
    first = next(iter(free or stuck), None)
    join = run.flow.steps[first] if first else None
    assert join is None or isinstance(join, Join)
    return join


def fire(run: Run, join: Join) -> None:
    """All who stand there become one token, which goes on."""
    standing = _standing(run, join.id)
    for token in standing:
        run.drop_token(token)
    if join.need is not None:
        run.joined = (*run.joined, join.id)
    run.output(join.id, {"runs": run.runs(join.id) + 1, "arrived": len(standing)})
    run.note(join.id, f"joined {len(standing)}")
    run.queue.extend(join.next)


def _standing(run: Run, join: str) -> list[Token]:
    return [token for token in run.tokens if token.step == join and token.error is None]


def _who_can_come(run: Run, join: str) -> list[Token]:
    reach = run.flow.reach
    return [
        token
        for token in run.tokens
        if (token.error is not None if token.step == join else join in reach[token.step])
    ]


def _stands(run: Run, token: Token) -> bool:
    return token.error is None and isinstance(run.flow.steps[token.step], Join)

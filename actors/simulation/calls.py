"""Calls that would leave the process: they wait for the answers that a script gives, and nothing leaves.

An answer that is given before its call is made waits for it. Each answer is for so many calls; calls get
answers in the order in which they were made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from rules.effects import CallRequest, SendPush
from rules.inputs import PushReported, RequestDone, Response

from ..outbox import Call, decode_call, failed
from ..ports import Result
from ..records import OutboxRow

SENT = "sent"
"""What becomes of a push that the script says nothing of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A call that is under way. `flow` is that of its instance."""

    number: int
    at: int
    flow: str
    call: Call

    @property
    def what(self) -> str:
        """For people."""
        effect = self.call.effect
        if isinstance(effect, SendPush):
            return f"the push of {effect.step}"
        attempt = f", attempt {effect.attempt}" if effect.attempt > 1 else ""
        return f"the request of {effect.step} ({effect.method} {effect.url}{attempt})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A request does not come about: a stable code such as `timeout`, and a sentence."""

    code: str
    message: str = "The script says so."


@dataclass(frozen=True, slots=True, kw_only=True)
class PushStatus:
    status: str


Said: TypeAlias = Response | Failing | PushStatus


@dataclass(slots=True, kw_only=True)
class Answer:
    """What to say to the next `left` calls that it is meant for, `takes_ms` after they were made."""

    fits: Callable[[Waiting], bool]
    said: Said
    left: int = 1
    takes_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`at` is when the result comes back."""

    at: int
    waiting: Waiting
    result: Result


class Calls:
    """The calls of one simulated server."""

    def __init__(self) -> None:
        self._waiting: dict[int, Waiting] = {}
        self._answers: list[Answer] = []
        self._answered: list[Answered] = []
        self.pushes: list[Waiting] = []
        """Every push that was ordered, in order."""
        self.reported: dict[str, str] = {}
        """What was said of it last, by the push's id."""

    async def perform(self, effect: CallRequest | SendPush, *, customer: str, key: str) -> Result:
        raise AssertionError("a simulation has no outbox that performs")

    # ── calls ──────────────────────────────────────────────────────────────────────────────────────────
    def ordered(self, rows: Iterable[OutboxRow], flow_of: Callable[[str], str]) -> None:
        """These were committed."""
        for row in rows:
            waiting = Waiting(
                number=row.number,
                at=row.at,
                flow=flow_of(row.instance),
                call=decode_call(row.payload),
            )
            self._waiting[row.number] = waiting
            if isinstance(waiting.call.effect, SendPush):
                self.pushes.append(waiting)
        self._match()

    def dropped(self, instances: Iterable[str]) -> None:
        """Calls of these that have not left yet never do (flow format §9.8)."""
        gone = set(instances)
        if gone:
            self._waiting = {n: each for n, each in self._waiting.items() if each.call.instance not in gone}
            self._answered = [each for each in self._answered if each.waiting.call.instance not in gone]

    # ── answers ────────────────────────────────────────────────────────────────────────────────────────
    def answer(self, answer: Answer) -> None:
        self._answers.append(answer)
        self._match()

    def let_pushes_go(self) -> None:
        """Those that the script says nothing of are sent."""
        for waiting in list(self._waiting.values()):
            if isinstance(waiting.call.effect, SendPush):
                self._say(waiting, PushStatus(status=SENT))

    def unanswered(self) -> list[Waiting]:
        """Requests for which there is no answer, oldest first."""
        return [each for each in self._waiting.values() if isinstance(each.call.effect, CallRequest)]

    # ── results ────────────────────────────────────────────────────────────────────────────────────────
    def next_at(self) -> int | None:
        return min((each.at for each in self._answered), default=None)

    def take(self, now: int) -> Answered | None:
        """The next result that is back by now, in the order of (time, call)."""
        back = [each for each in self._answered if each.at <= now]
        if not back:
            return None
        first = min(back, key=lambda each: (each.at, each.waiting.number))
        self._answered.remove(first)
        effect = first.waiting.call.effect
        if isinstance(effect, SendPush) and isinstance(first.result, PushReported):
            self.reported[effect.push] = first.result.status
        return first

    def _match(self) -> None:
        for waiting in list(self._waiting.values()):
            answer = next((each for each in self._answers if each.fits(waiting)), None)
            if answer is None:
                continue
            answer.left -= 1
            if not answer.left:
                self._answers.remove(answer)
            self._say(waiting, answer.said, takes_ms=answer.takes_ms)

    def _say(self, waiting: Waiting, said: Said, *, takes_ms: int = 0) -> None:
        del self._waiting[waiting.number]
        effect = waiting.call.effect
        if isinstance(effect, CallRequest) and takes_ms > effect.timeout_ms:
            said, takes_ms = Failing(code="timeout", message="It takes too long."), effect.timeout_ms
        answered = Answered(at=waiting.at + takes_ms, waiting=waiting, result=_result(effect, said))
        self._answered.append(answered)


def _result(effect: CallRequest | SendPush, said: Said) -> Result:
    if isinstance(effect, SendPush):
        assert isinstance(said, PushStatus), "pushes are told apart by who answers"
        return PushReported(push=effect.push, step=effect.step, status=said.status)
    if isinstance(said, Failing):
        return failed(effect, said.code, said.message)
    assert isinstance(said, Response), "requests are told apart by who answers"
    return RequestDone(step=effect.step, activation=effect.activation, attempt=effect.attempt, response=said)

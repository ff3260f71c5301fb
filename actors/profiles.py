"""What is so of customers: their profiles as they are written, what segments count, who is a member of which.

A change of membership is part of the write or the event that it follows from, in the same commit. Whoever
looks at the profile is told; what a membership starts is `events.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rules.customers.profile import Profile
from rules.customers.segments import Facts, Judgement, Segment, judge
from rules.inputs import CustomerChanged, Event
from rules.world import World

from .histories import NOTHING, Kept
from .holdings import Memory
from .letters import Review
from .limits import CAUSES_MAX

if TYPE_CHECKING:
    from .turns import Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A customer is in other segments than before; of those `entered` and `left` triggers hear.

    `test`: a test instance is the cause, so that no trigger hears of it (flow format §9.10).
    """

    customer: str
    entered: tuple[str, ...]
    left: tuple[str, ...]
    depth: int
    test: bool


class Profiles:
    def __init__(self, memory: Memory, turns: Turns, *, world: World) -> None:
        self._router = memory.router
        self._customers = memory.customers
        self._histories = memory.histories
        self._book = memory.definitions.book
        self._turns = turns
        self._world = world

    # ── written ────────────────────────────────────────────────────────────────────────────────────────
    def write(
        self,
        profile: Profile,
        *,
        before: Profile | None,
        depth: int,
        test: bool = False,
        is_news: bool = True,
    ) -> Profile:
        """The profile as it is then: with its segments. The customer's instances that look at it look again.

        All of them, also when a test wrote it, or what is new is no news: a profile is what is so. Only its
        event is a test's, or there is none.
        """
        if profile is before:
            return profile
        if before is not None and self._histories.is_loaded(profile.id):
            caught_up = self.catch_up(profile.id)
            if caught_up is not None and caught_up is not before:
                before, profile = caught_up, replace(profile, segments=caught_up.segments)
        judged = self._judge_write(profile, before, depth=depth, test=test)
        written = profile if judged is None else replace(profile, segments=judged.segments)
        self._put(written)
        if is_news:
            name = "customer.created" if before is None else "customer.updated"
            self._turns.obeying.raise_own(name, customer=profile.id, depth=max(depth, 1), test=test)
        if depth > CAUSES_MAX:
            self._turns.group.tally.too_deep += 1
        elif judged is not None and written.segments != profile.segments:
            self._tell(profile.id, judged, depth=depth, test=test)
        else:
            self.tell_watchers(profile.id, depth)
        return written

    def _judge_write(
        self, profile: Profile, before: Profile | None, *, depth: int, test: bool
    ) -> Judgement | None:
        concerned = self._book.segments.reading(before, profile)
        if before is None:
            self._histories.load(profile.id, NOTHING)  # who was not there has no history
        if not concerned:
            return None
        is_loaded = self._histories.is_loaded(profile.id)
        if not is_loaded and any(segment.is_timed for segment in concerned):
            self._turns.defer("", profile.id, Review(profile.id, depth=depth, test=test))
            return None
        kept = self._histories.get(profile.id) if is_loaded else NOTHING
        now = self._turns.now
        return self._judge(
            concerned,
            Facts(profile, kept.history, now),
            before=Facts(before, kept.history, now),
            due=kept.due,
        )

    # ── counted ────────────────────────────────────────────────────────────────────────────────────────
    def count(self, event: Event) -> None:
        """Remember it where rules ask about such events: before anybody hears of it, in its own commit."""
        # With each event: the one look-up that it costs where no rule asks.
        if event.name not in self._book.segments.periods or event.customer is None:
            return
        counted = Review(event.customer, event.name, event.time, event.depth, event.test)
        if self._is_known(event.customer):
            self.review(counted)
        else:
            self._turns.defer("", event.customer, counted)

    def review(self, order: Review) -> None:
        """Hold the customer against all rules, or those that ask about an event that is counted now."""
        id, segments = order.customer, self._book.segments
        profile = self.catch_up(id) if self._is_known(id) else None
        if profile is None:
            return  # there is no such customer: a test names nobody into being
        kept, now = self._histories.get(id), self._turns.now
        before, concerned, history = None, segments.all, kept.history
        if order.event:
            concerned = segments.counting(order.event)
            if not concerned:
                return  # nobody asks any more
            before = Facts(profile, history, now)
            history = history.with_event(order.event, order.at, now=now, periods=segments.periods)
        judged = self._judge(concerned, Facts(profile, history, now), before=before, due=kept.due)
        self._move(profile, judged, depth=order.depth, test=order.test)

    # ── looked at again ────────────────────────────────────────────────────────────────────────────────
    def catch_up(self, id: str) -> Profile | None:
        """The profile once time, if it is due, has moved the customer: before anything else does."""
        profile, kept, now = self._customers.get(id), self._histories.get(id), self._turns.now
        if kept.due is None or kept.due > now:
            return profile
        if profile is None:
            self._keep(id, Kept(kept.history))
            return None
        before, after = (Facts(profile, kept.history, at) for at in (kept.due - 1, now))
        judged = self._judge(self._book.segments.timed, after, before=before, due=None)
        return self._move(profile, judged, depth=0, test=False)

    def look_later(self, id: str) -> None:
        """A look that no commit lets pass is left out, until something else is told of the customer."""
        if self._histories.is_loaded(id):
            self._keep(id, Kept(self._histories.get(id).history))

    def hold_against(self, id: str, segment: Segment) -> None:
        """A rule is new; the customer is not."""
        profile = self.catch_up(id)
        if profile is not None:
            kept = self._histories.get(id)
            facts = Facts(profile, kept.history, self._turns.now)
            self._move(
                profile, self._judge((segment,), facts, before=facts, due=kept.due), depth=0, test=False
            )

    # ── all ────────────────────────────────────────────────────────────────────────────────────────────
    def _is_known(self, id: str) -> bool:
        return self._customers.is_loaded(id) and self._histories.is_loaded(id)

    def _judge(
        self, segments: Iterable[Segment], facts: Facts, *, before: Facts | None, due: int | None
    ) -> Judgement:
        """`due`: when to look at the other segments."""
        assert facts.profile is not None, "a customer is judged"
        judged = judge(segments, facts, self._world, before=before)
        self._turns.group.tally.condition_errors += judged.errors
        self._keep(facts.profile.id, Kept(facts.history, _earlier(due, judged.next_look)))
        return judged

    def _keep(self, id: str, kept: Kept) -> None:
        if not self._histories.is_loaded(id) or kept == self._histories.get(id):
            return  # no rule asked for it, or nothing is new
        self._histories.put(id, kept, group=self._turns.group.number)
        self._turns.group.histories[id] = kept

    def _move(self, profile: Profile, judged: Judgement, *, depth: int, test: bool) -> Profile:
        if judged.segments == profile.segments:
            return profile
        moved = replace(profile, segments=judged.segments)
        self._put(moved)
        self._tell(profile.id, judged, depth=depth, test=test)
        return moved

    def _put(self, profile: Profile) -> None:
        self._customers.write(profile, group=self._turns.group.number)
        self._turns.group.write(profile)

    # ── told ───────────────────────────────────────────────────────────────────────────────────────────
    def tell_watchers(self, customer: str, depth: int) -> None:
        for actor in self._router.watching(customer):
            self._turns.deliver(actor, CustomerChanged(depth=depth), depth)

    def _tell(self, customer: str, judged: Judgement, *, depth: int, test: bool) -> None:
        """After the turns that are under way: what moves a customer comes before what follows from it."""
        if depth <= CAUSES_MAX:
            moved = Moved(customer=customer, entered=judged.entered, left=judged.left, depth=depth, test=test)
            self._turns.obeying.raised.append(moved)


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((at for at in (one, other) if at is not None), default=None)

"""Who is in a segment, when to look again, and whom a change concerns."""

import random
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.compiling.segments import compile_rule, rule_scope
from rules.customers.history import EMPTY, History
from rules.customers.profile import Profile, merge, new_profile
from rules.customers.segments import Facts, Judgement, Segment, Segments, holds, judge, next_look
from rules.errors import EvaluationError
from rules.limits import CLOCK_LOOK_MS
from rules.world import World

HOUR = 3_600_000
DAY = 24 * HOUR
WORLD = World(constants={"least": 2})
SCOPE = rule_scope(WORLD.constants)


def segment(id: str, rule: str, *, is_settling: bool = False) -> Segment:
    return Segment(id=id, rule=compile_rule(rule, SCOPE), is_settling=is_settling)


def profile(*segments: str, **fields: object) -> Profile:
    made = merge(new_profile("ann", 0), {"fields": fields}, 0)
    return Profile(id="ann", fields=made.fields, segments=segments, created_at=0, updated_at=0)


def facts(now: int = 0, *, times: Mapping[str, tuple[int, ...]] | None = None, **fields: object) -> Facts:
    return Facts(profile(**fields), History(dict(times or {})), now)


# ── one rule ───────────────────────────────────────────────────────────────────────────────────────────

THREE_DAYS = {"a": (1 * DAY, 2 * DAY, 3 * DAY)}
ANSWERS = [
    # rule, now, times, fields, answer, when to look again
    ("true", 0, {}, {}, True, None),
    ('customer.tier == "gold"', 0, {}, {"tier": "gold"}, True, None),
    ('customer.tier == "gold"', 0, {}, {"tier": "tin"}, False, None),
    # windows slide: an event is out exactly one period after it came
    ('events("a", "P2D").count() >= 2', 3 * DAY, THREE_DAYS, {}, True, 4 * DAY),
    ('events("a", "P2D").count() >= 2', 4 * DAY - 1, THREE_DAYS, {}, True, 4 * DAY),
    ('events("a", "P2D").count() >= 2', 4 * DAY, THREE_DAYS, {}, False, 5 * DAY),
    ('events("a", "P2D").count() == 0', 5 * DAY, THREE_DAYS, {}, True, None),
    ('events("a", "P1D").first() == timestamp(259200)', 3 * DAY, THREE_DAYS, {}, True, 4 * DAY),
    ('events("a", "P3D").first() < events("a", "P3D").last()', 3 * DAY, THREE_DAYS, {}, True, 4 * DAY),
    ('events("b", "P3D").last() == null', 3 * DAY, THREE_DAYS, {}, True, None),
    ('events("a", "P9D").count() == constants.least', 2 * DAY, {"a": (DAY, DAY)}, {}, True, 10 * DAY),
    # two windows: the earliest of what leaves one
    (
        'events("a", "P2D").count() + events("b", "PT1H").count() > 3',
        3 * DAY,
        {**THREE_DAYS, "b": (3 * DAY - 1_000,)},
        {},
        False,
        3 * DAY + HOUR - 1_000,
    ),
    # what reads the time is looked at now and then
    ('now - customer.created_at >= duration("24h")', DAY - 1, {}, {}, False, DAY - 1 + CLOCK_LOOK_MS),
    ('now - customer.created_at >= duration("24h")', DAY, {}, {}, True, DAY + CLOCK_LOOK_MS),
]  # fmt: skip


@pytest.mark.parametrize(("source", "now", "times", "fields", "answer", "look"), ANSWERS)
def test_rule_is_held_against_profile_past_and_time(
    source: str,
    now: int,
    times: Mapping[str, tuple[int, ...]],
    fields: Mapping[str, object],
    answer: bool,
    look: int | None,
) -> None:
    rule = compile_rule(source, SCOPE)
    of = facts(now, times=times, **fields)
    assert holds(rule, of, WORLD) is answer
    assert next_look(rule, of) == look


ERRORS = [
    'customer.tier == "gold"',
    'events("a", "P1D").last() > now',
    '"x" in customer[customer.id + "s"]',
    'customer["seg" + "ments"].size() == 0',
]


@pytest.mark.parametrize("source", ERRORS)
def test_rule_that_cannot_be_evaluated_is_false_and_counted(source: str) -> None:
    with pytest.raises(EvaluationError):
        holds(compile_rule(source, SCOPE), facts(), WORLD)
    judged = judge([segment("s", source)], Facts(profile("s"), EMPTY, 0), WORLD)
    assert (judged.segments, judged.left, judged.errors) == ((), ("s",), 1)


# ── whom a change concerns ─────────────────────────────────────────────────────────────────────────────

ALL = Segments(
    [
        segment("gold", 'customer.tier == "gold"'),
        segment("paid", 'events("order.paid", "P30D").count() > 0'),
        segment("often", 'customer.tier == "tin" && events("order.paid", "P90D").count() > 5'),
        segment("new", 'now - customer.created_at < duration("24h")'),
        segment("any", "customer[constants.least == 2.0 ? 'a' : 'b'] == 1"),
        Segment(id="going", rule=None),
    ]
)


def ids(segments: tuple[Segment, ...]) -> set[str]:
    return {segment.id for segment in segments}


@pytest.mark.parametrize(
    ("before", "after", "concerned"),
    [
        ({"tier": "tin"}, {"tier": "gold"}, {"gold", "often", "any"}),
        ({"tier": "tin"}, {}, {"gold", "often", "any"}),
        ({}, {"points": 3}, {"any"}),
        ({"points": 3}, {"points": 3}, set()),
    ],
)
def test_write_concerns_the_segments_that_read_what_it_changes(
    before: Mapping[str, object], after: Mapping[str, object], concerned: set[str]
) -> None:
    assert ids(ALL.reading(profile(**before), profile(**after))) == concerned


def test_new_customer_concerns_all_segments() -> None:
    assert ids(ALL.reading(None, profile())) == set(ALL.by_id)


def test_event_concerns_the_segments_that_count_it() -> None:
    assert ids(ALL.counting("order.paid")) == {"paid", "often"}
    assert ALL.counting("order.made") == ()
    assert ALL.periods == {"order.paid": 90 * DAY}


def test_time_concerns_the_segments_that_read_it() -> None:
    assert ids(ALL.timed) == {"paid", "often", "new"}


def test_segment_that_goes_away_may_not_be_named_and_has_no_members() -> None:
    assert ALL.ids == set(ALL.by_id) - {"going"}
    judged = judge([ALL.by_id["going"]], Facts(profile("going", "vip"), EMPTY, 0), WORLD)
    assert judged == Judgement(segments=("vip",), entered=(), left=(), next_look=None, errors=0)


# ── news ───────────────────────────────────────────────────────────────────────────────────────────────

WAS, IS = "customer.n == 1", "customer.n >= 2"


@pytest.mark.parametrize(
    ("member", "before", "after", "entered", "left"),
    [
        # the customer changed
        (False, 1, 2, True, False),
        (True, 2, 1, False, True),
        # the customer is what they were for this rule: only the rule changed
        (False, 2, 3, False, False),
        (True, 1, 0, False, False),
        # nothing is known of before
        (False, None, 2, False, False),
        (True, None, 1, False, False),
    ],
)
def test_who_changes_only_because_the_rule_did_is_no_news(
    member: bool, before: int | None, after: int, entered: bool, left: bool
) -> None:
    settling = segment("s", "customer.n >= 2", is_settling=True)
    now_is = Facts(profile(*(["s"] if member else []), n=after), EMPTY, 0)
    judged = judge([settling], now_is, WORLD, before=None if before is None else facts(n=before))
    assert judged.segments == (("s",) if after >= 2 else ())
    assert (judged.entered, judged.left) == (("s",) if entered else (), ("s",) if left else ())


def test_new_customer_is_news_also_while_a_rule_settles() -> None:
    settling = segment("s", "true", is_settling=True)
    judged = judge([settling], facts(), WORLD, before=Facts(None, EMPTY, 0))
    assert judged.entered == ("s",)


# ── lives ──────────────────────────────────────────────────────────────────────────────────────────────

Naive = Callable[[list[tuple[str, int]], dict[str, object], int], bool]


def within(events: list[tuple[str, int]], name: str, period: int, now: int) -> list[int]:
    return sorted(at for other, at in events if other == name and now - period < at)


LIVES: Mapping[str, tuple[str, Naive]] = {
    "often": (
        'events("a", "PT3H").count() >= 2',
        lambda events, fields, now: len(within(events, "a", 3 * HOUR, now)) >= 2,
    ),
    "quiet": (
        'events("a", "PT5H").count() == 0 && events("b", "PT2H").count() > 0',
        lambda events, fields, now: (
            not within(events, "a", 5 * HOUR, now) and bool(within(events, "b", 2 * HOUR, now))
        ),
    ),
    "spread": (
        'events("b", "P1D").count() > 1 '
        '&& events("b", "P1D").last() - events("b", "P1D").first() > duration("90m")',
        lambda events, fields, now: (
            len(found := within(events, "b", DAY, now)) > 1 and found[-1] - found[0] > 90 * 60_000
        ),
    ),
    "gold": (
        'customer.?tier.orValue("") == "gold" || events("a", "PT1H").first() != null',
        lambda events, fields, now: (
            fields.get("tier") == "gold" or bool(within(events, "a", HOUR, now))
        ),
    ),
}  # fmt: skip


class Life:
    """One customer as the runtime leads them: judged only by those whom a change concerns, and when due."""

    def __init__(self) -> None:
        self.segments = Segments([segment(id, rule) for id, (rule, _) in LIVES.items()])
        self.profile = profile()
        self.history = EMPTY
        self.due: int | None = None
        self.events: list[tuple[str, int]] = []
        self._judge(self.segments.all, 0)

    def _judge(self, which: tuple[Segment, ...], now: int) -> None:
        judged = judge(which, Facts(self.profile, self.history, now), WORLD)
        self.profile = profile(*judged.segments, **self.profile.fields)
        self.due = min((at for at in (self.due, judged.next_look) if at is not None), default=None)

    def let_time_come(self, now: int) -> None:
        while self.due is not None and self.due <= now:
            due, self.due = self.due, None
            self._judge(self.segments.timed, due)

    def take(self, name: str, at: int, now: int) -> None:
        self.events.append((name, min(at, now)))
        self.history = self.history.with_event(name, at, now=now, periods=self.segments.periods)
        self._judge(self.segments.counting(name), now)

    def write(self, tier: str | None, now: int) -> None:
        before = self.profile
        self.profile = profile(*before.segments, **({} if tier is None else {"tier": tier}))
        self._judge(self.segments.reading(before, self.profile), now)

    def check(self, now: int) -> None:
        for id, (_, naive) in LIVES.items():
            expected = naive(self.events, dict(self.profile.fields), now)
            assert (id in self.profile.segments) is expected, (id, now, self.events)


@given(st.integers(min_value=0, max_value=2**32))
def test_members_are_at_every_time_those_of_a_count_over_all_events(seed: int) -> None:
    chance = random.Random(seed)
    life, now = Life(), 0
    for _ in range(chance.randrange(40)):
        now += chance.choice((0, 1, 60_000, HOUR, 3 * HOUR, chance.randrange(DAY)))
        life.let_time_come(now)
        life.check(now)
        match chance.randrange(4):
            case 0:
                life.write(chance.choice((None, "gold", "tin")), now)
            case 1:
                life.take("a", now - chance.choice((0, 0, -5, HOUR, 4 * HOUR)), now)
            case _:
                life.take(chance.choice("ab"), now, now)
        life.check(now)

"""Which times of which events are kept, and which of them lie in a window."""

from rules.conditions import Window
from rules.customers.history import EMPTY, History, Remembered
from rules.limits import COUNTED_TIMES_MAX

HOUR = 3_600_000
PERIODS = {"a": 24 * HOUR, "b": HOUR}


def test_times_stand_in_order_whenever_they_are_told() -> None:
    history = EMPTY
    for at in (5, 2, 9, 5):
        history = history.with_event("a", at, now=10, periods=PERIODS)
    assert history.times == {"a": (2, 5, 5, 9)}


def test_event_of_the_future_counts_when_it_was_taken() -> None:
    assert EMPTY.with_event("a", 99, now=10, periods=PERIODS).times == {"a": (10,)}


def test_what_left_the_longest_period_is_forgotten() -> None:
    history = EMPTY.with_event("b", 0, now=0, periods=PERIODS)
    at_the_edge = history.with_event("b", HOUR - 1, now=HOUR - 1, periods=PERIODS)
    assert at_the_edge.times == {"b": (0, HOUR - 1)}
    beyond = history.with_event("b", HOUR, now=HOUR, periods=PERIODS)
    assert beyond.times == {"b": (HOUR,)}
    assert EMPTY.with_event("b", 0, now=HOUR, periods=PERIODS).times == {"b": ()}


def test_names_that_nobody_counts_any_more_are_forgotten() -> None:
    history = History({"gone": (1,), "a": (2,)})
    assert history.with_event("b", 3, now=3, periods=PERIODS).times == {"a": (2,), "b": (3,)}


def test_the_newest_times_are_kept() -> None:
    history = EMPTY
    for at in range(COUNTED_TIMES_MAX):
        history = history.with_event("a", at, now=at, periods=PERIODS)
    assert history.times["a"] == tuple(range(COUNTED_TIMES_MAX))
    more = history.with_event("a", 1_000, now=1_000, periods=PERIODS)
    assert more.times["a"] == (*range(1, COUNTED_TIMES_MAX), 1_000)
    assert more.with_event("a", 0, now=1_000, periods=PERIODS) == more


def test_window_ends_now_and_begins_after_its_period() -> None:
    past = Remembered(History({"a": (0, 10, 20)}), now=20)
    for period, found in ((1, (20,)), (10, (20,)), (11, (10, 20)), (20, (10, 20)), (21, (0, 10, 20))):
        assert past.within(Window("a", period)) == found
    assert past.within(Window("other", 100)) == ()

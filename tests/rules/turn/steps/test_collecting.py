"""Collect steps: gathering events until the time is over or there are enough (flow format §5)."""

from __future__ import annotations

from rules.inputs import Event
from rules.limits import COLLECTED_BYTES_MAX
from tests.rules.playing import DAY, HOUR, NOW, Part, Playing, document, on_time, pause, play, wait

COLLECT: Part = {"type": "collect", "events": "order.paid", "for": "PT1H", "next": "a"}


FIRST: Part = {"from": "first", "timeout": "P1D"}


def collecting(
    fields: Part | None = None, *, event: Event | None = None, drop: str = "", **more: object
) -> Playing:
    step = {name: value for name, value in {**COLLECT, **(fields or {}), **more}.items() if name != drop}
    ends = {"a": pause(), **({"b": pause()} if "if_empty" in step else {})}
    return play(document({"do": step, **ends}, start="do"), event=event)


def counts(playing: Playing) -> list[object]:
    items = playing.output("do")["items"]
    assert isinstance(items, list)
    return [item["data"]["n"] for item in items]


def test_collect_gathers_events_until_its_time_is_over() -> None:
    playing = collecting().event("order.paid", {"n": 1.0}).event("other").event("order.paid", {"n": 2.0})
    assert playing.at == ["do"]
    playing.later(HOUR)
    assert (playing.at, counts(playing), playing.output("do")["count"]) == (["a"], [1, 2], 2)


def test_items_are_the_events_as_expressions_see_them() -> None:
    playing = collecting().event("order.paid", {"n": 1.0}).later(HOUR)
    items = playing.output("do")["items"]
    assert isinstance(items, list)
    assert set(items[0]) == {"id", "name", "time", "customer", "key", "data"}


def test_collect_is_done_when_there_are_enough() -> None:
    playing = collecting(max=2).event("order.paid", {"n": 1.0}).event("order.paid", {"n": 2.0})
    assert (playing.at, counts(playing)) == (["a"], [1, 2])
    assert playing.turn.collected


def test_collect_takes_only_events_that_match() -> None:
    playing = collecting(when="event.data.n > 1.0", events=["order.paid", "order.sent"])
    playing.event("order.paid", {"n": 1.0})
    assert not playing.turn.collected
    playing.event("order.sent", {"n": 2.0}).event("order.paid", {"n": 3.0}, customer="c-2")
    assert counts(playing.later(HOUR)) == [2]


def test_collect_without_events_goes_on_at_if_empty() -> None:
    playing = collecting(if_empty="b").later(HOUR)
    assert (playing.at, playing.output("do")["count"]) == (["b"], 0)
    assert collecting().later(HOUR).at == ["a"]


def test_until_ends_it_at_a_moment() -> None:
    playing = collecting(drop="for", until={"offset": "P1D"}).event("order.paid", {"n": 1.0})
    assert playing.later(DAY - 1).at == ["do"]
    assert playing.later(1).at == ["a"]


def test_from_first_counts_from_the_first_event() -> None:
    playing = collecting(FIRST).later(5 * HOUR)
    playing.event("order.paid", {"n": 1.0}).later(HOUR - 1)
    assert playing.at == ["do"]
    assert counts(playing.later(1)) == [1]


def test_from_first_ends_when_no_first_event_comes_in_time() -> None:
    playing = collecting(FIRST, if_empty="b").later(DAY)
    assert playing.at == ["b"]


def test_include_trigger_begins_with_the_starting_event() -> None:
    event = Event(id="e", name="order.paid", time=NOW, customer="c-1", data={"n": 0.0})
    playing = collecting(event=event, include_trigger=True).event("order.paid", {"n": 1.0}).later(HOUR)
    assert counts(playing) == [0, 1]


def test_include_trigger_without_a_starting_event_begins_empty() -> None:
    assert collecting(include_trigger=True).later(HOUR).output("do")["count"] == 0


def test_large_events_end_the_gathering_early() -> None:
    playing = collecting()
    big = {"n": 1.0, "text": "x" * (COLLECTED_BYTES_MAX // 4)}
    for _ in range(4):
        playing.event("order.paid", big)
    assert playing.at == ["a"]
    assert playing.output("do")["count"] == 4


def test_an_event_reaches_a_wait_and_a_collect_of_the_same_instance() -> None:
    flow = document(
        {
            "do": COLLECT,
            "a": pause(),
            "w": wait(
                {"id": "e", "type": "event", "event": "order.paid", "next": "b"}, on_time("t", after="P1D")
            ),
            "b": pause(),
        },
        start=["do", "w"],
    )
    playing = play(flow).event("order.paid", {"n": 1.0})
    assert playing.at == ["do", "b"]

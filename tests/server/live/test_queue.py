"""The queue of a slow client: bounded for feeds, in order, and no answer is ever lost."""

from __future__ import annotations

from server.live.queue import SendQueue


def queue(*, frames_max: int = 3, bytes_max: int = 100) -> SendQueue[str]:
    return SendQueue(frames_max=frames_max, bytes_max=bytes_max)


def drained(waiting: SendQueue[str]) -> list[bytes]:
    return [waiting.pop().frame for _ in range(len(waiting))]


def test_frames_leave_in_the_order_in_which_they_came() -> None:
    waiting = queue()
    waiting.put_answer(b"a")
    assert waiting.put_feed(b"f", "home", 7)
    waiting.put_answer(b"b")
    assert [tuple(waiting.pop()) for _ in range(3)] == [(b"a", None, 0), (b"f", "home", 7), (b"b", None, 0)]
    assert not len(waiting)


def test_feeds_are_bounded_by_frames_and_answers_do_not_count() -> None:
    waiting = queue(frames_max=2)
    for _ in range(9):
        waiting.put_answer(b"a")
    assert [waiting.put_feed(b"f", "home", seq) for seq in range(3)] == [True, True, False]
    assert waiting.answers == 9


def test_feeds_are_bounded_by_bytes() -> None:
    waiting = queue(bytes_max=10)
    assert waiting.put_feed(b"f" * 10, "home", 1)
    assert not waiting.put_feed(b"f", "home", 2)
    waiting.pop()
    assert waiting.put_feed(b"f", "home", 2)


def test_dropping_keeps_the_answers_and_names_whose_frames_went() -> None:
    waiting = queue(frames_max=9)
    waiting.put_feed(b"1", "home", 1)
    waiting.put_answer(b"a")
    waiting.put_feed(b"2", "promo", 2)
    waiting.put_feed(b"3", "home", 3)
    waiting.put_answer(b"b")
    assert sorted(waiting.drop_feeds()) == ["home", "promo"]
    assert drained(waiting) == [b"a", b"b"]
    assert waiting.put_feed(b"f" * 100, "home", 4), "the room of what was dropped is free again"

import asyncio

import pytest

from actors.commands import Overloaded
from actors.intake import Intake
from actors.limits import EngineLimits
from actors.testing import play
from actors.work import Cancel, Ticket, Work


def work(lane: str, kind: str = "event:a", id: str = "") -> Work:
    return Work(lane=lane, kind=kind, order=Cancel(id))


def names(works: list[Work]) -> list[str]:
    return [one.order.instance for one in works if isinstance(one.order, Cancel)]


def ticket(kinds: dict[str, int], size_bytes: int = 0) -> Ticket:
    future: asyncio.Future[list[object]] = asyncio.get_running_loop().create_future()
    return Ticket(future, count=1, inputs=kinds, bytes=size_bytes)


def test_kinds_take_turns_so_that_a_flood_of_one_waits_behind_itself() -> None:
    intake = Intake(EngineLimits())
    for number in range(100):
        intake.put(work(f"c{number}", "event:flood", f"flood {number}"))
    intake.put(work("quiet", "event:rare", "rare"))
    assert names(intake.pull(2)) == ["flood 0", "rare"]


def test_lanes_of_one_kind_take_turns() -> None:
    intake = Intake(EngineLimits())
    for number in range(1_000):
        intake.put(work("loud", id=f"loud {number}"))
    intake.put(work("quiet", id="quiet"))
    assert "quiet" in names(intake.pull(50))


def test_inputs_of_one_customer_stay_in_order_across_kinds() -> None:
    intake = Intake(EngineLimits())
    for number, kind in enumerate(("event:a", "action", "event:a", "timer", "action")):
        intake.put(work("c", kind, str(number)))
    pulled: list[str] = []
    while some := intake.pull(10):
        pulled += names(some)
        intake.done("c")
    assert pulled == ["0", "1", "2", "3", "4"]


def test_lane_that_is_being_prepared_gives_nothing_more() -> None:
    intake = Intake(EngineLimits())
    intake.put(work("c", id="first"))
    assert names(intake.pull(10)) == ["first"]
    intake.put(work("c", id="second"))
    assert intake.pull(10) == []
    intake.done("c")
    assert names(intake.pull(10)) == ["second"]


@pytest.mark.parametrize(
    ("taken", "asked"),
    [
        ({"event:a": 10}, ({"event:b": 1}, 0)),
        ({"event:a": 4}, ({"event:a": 1}, 0)),
        ({}, ({"event:a": 1}, 101)),
        ({}, ({"start:f": 11}, 0)),
    ],
    ids=["all inputs", "one kind", "bytes", "one call"],
)
def test_call_beyond_a_bound_is_refused_whole(
    taken: dict[str, int], asked: tuple[dict[str, int], int]
) -> None:
    async def script() -> None:
        shares = 10 if len(taken) and sum(taken.values()) == 10 else 4
        limits = EngineLimits(inputs_max=10, class_inputs_max=shares, inputs_bytes_max=100)
        intake = Intake(limits)
        if taken:
            intake.admit(ticket(taken))
        before = intake.inputs
        with pytest.raises(Overloaded):
            intake.admit(ticket(*asked))
        assert intake.inputs == before

    play(script())


def test_answered_calls_make_room_again() -> None:
    async def script() -> None:
        intake = Intake(EngineLimits(inputs_max=3, class_inputs_max=3))
        for _ in range(5):
            call = ticket({"event:a": 2, "event:b": 1}, 7)
            intake.admit(call)
            intake.release(call)
        assert (intake.inputs, intake.inputs_bytes) == (0, 0)

    play(script())

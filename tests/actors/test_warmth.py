from actors.actor import Actor
from actors.definitions import Version
from actors.router import Router
from actors.warmth import Warmth


def warm(count: int, *, bytes_max: int) -> tuple[Warmth, list[Actor]]:
    router = Router()
    warmth = Warmth(router, bytes_max=bytes_max)
    actors = []
    for number in range(count):
        actor = Actor(id=str(number), customer=str(number), key=None, version=Version("f", 1))
        actor.packed = b"x" * 100
        router.add(actor)
        warmth.add(actor)
        actors.append(actor)
    return warmth, actors


def cold(actors: list[Actor]) -> list[str]:
    return [actor.id for actor in actors if actor.is_cold]


def test_longest_warm_states_leave_when_there_are_too_many_bytes() -> None:
    warmth, actors = warm(5, bytes_max=250)
    warmth.committed([], grown_bytes=0, number=1)
    assert cold(actors) == ["0", "1", "2"]
    assert warmth.bytes == 200


def test_state_with_a_turn_since_gets_a_second_chance() -> None:
    warmth, actors = warm(3, bytes_max=200)
    actors[0].touched = True
    warmth.committed([], grown_bytes=0, number=1)
    assert cold(actors) == ["1"]


def test_uncommitted_and_awaited_states_never_leave() -> None:
    warmth, actors = warm(3, bytes_max=0)
    actors[0].group = 2
    actors[1].pins = 1
    warmth.committed([], grown_bytes=0, number=1)
    assert cold(actors) == ["2"]


def test_ended_instances_give_their_bytes_back() -> None:
    warmth, actors = warm(2, bytes_max=1_000)
    ended = actors[0]
    warmth._router.remove(ended)
    warmth.committed([ended], grown_bytes=0, number=1)
    assert ended.is_cold
    assert warmth.bytes == 100

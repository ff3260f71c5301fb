import pytest
from msgspec.structs import replace

from actors.commands import NO_TIME
from actors.dedupe import Dedupe, action_key, event_digest, event_key
from actors.records import DedupeRow
from rules.inputs import Event
from rules.model import Origin

EVENT = Event(id="e", name="paid", time=NO_TIME, customer="ann", data={"a": 1, "b": 2})


def row(key: bytes = b"k") -> DedupeRow:
    return DedupeRow(day=1, key=key, digest=b"d")


def test_taken_id_is_known_until_it_is_committed() -> None:
    dedupe = Dedupe()
    taken = row()
    dedupe.take(taken)
    assert dedupe.find(b"k") is taken
    dedupe.committed([taken])
    assert dedupe.find(b"k") is None


def test_committed_id_stays_known_while_a_look_up_may_have_missed_it() -> None:
    dedupe = Dedupe()
    taken = row()
    dedupe.take(taken)
    early = dedupe.begin_batch()
    dedupe.committed([taken])
    late = dedupe.begin_batch()
    dedupe.end_batch(late)
    assert dedupe.find(b"k") is taken
    dedupe.end_batch(early)
    assert dedupe.find(b"k") is None


@pytest.mark.parametrize(
    "other",
    [
        replace(EVENT, name="sent"),
        replace(EVENT, key="k"),
        replace(EVENT, time=5),
        replace(EVENT, data={"a": 1}),
        replace(EVENT, data={"a": 1, "b": 3}),
    ],
)
def test_digest_tells_other_bodies(other: Event) -> None:
    assert event_digest(other) != event_digest(EVENT)


def test_digest_does_not_see_the_order_of_fields_or_who_sent_it() -> None:
    assert event_digest(replace(EVENT, data={"b": 2, "a": 1}, source="x")) == event_digest(EVENT)


def test_ids_are_apart_by_source_customer_and_app() -> None:
    keys = {
        event_key(EVENT, "client"),
        event_key(EVENT, "other"),
        event_key(replace(EVENT, customer="bob"), "client"),
        event_key(replace(EVENT, customer=None), "client"),
        event_key(replace(EVENT, origin=Origin.APP), "client"),
        action_key("ann", "e"),
    }
    assert len(keys) == 6

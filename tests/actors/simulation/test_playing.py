"""Scripts, played: cases beside the flows go as they say; what goes otherwise stops a script, and why."""

from __future__ import annotations

import pytest

from actors.simulation.bounds import Bounds
from actors.simulation.playing import Playing
from rules.event_schemas import compile_schema
from rules.scripts.model import Script
from rules.scripts.shared import Shared
from rules.world import World
from tests.actors.simulation.kit import cases, failure, playing

CASES = cases()
START = "start: {event: shipped, data: {n: 1}, key: k}\n"
DAY = 86_400_000


@pytest.mark.parametrize("script", CASES.values(), ids=CASES.keys())
def test_case_goes_as_it_says(script: Script) -> None:
    assert Playing(script).play() is None


STOPS: list[tuple[str, str]] = [
    ("start: {event: shipped, data: {n: 7}}", "Nothing was started. No trigger of a flow took it."),
    ("start: {event: shipped, data: {}}", "Nothing was started. no_such_key"),
    ("start: {variables: {m: 1}}", 'unknown_variable: The flow has no variable "m".'),
    ("start: {refused: true}", "Nothing was refused; 1 started."),
    ("start: {refused: live}", "It was not refused like that."),
    ("script: [{act: {of: ask, action: dismiss}}]", "There is no card of ask yet."),
    (START + "script: [{act: {of: ask, action: dismiss, nth: 2}}]", "There is only 1 card of ask."),
    (START + "script: [{act: {of: ask, action: dismiss, customer: bob}}]", "There is no card of ask yet."),
    (START + "script: [{act: {of: ask, action: submit, button: nope}}]", "It was answered otherwise."),
    (START + "script: [{event: {name: x, answer: duplicate}}]", "It was answered otherwise."),
    ("script: [{cancel: {}}]", "There is no such instance yet."),
    ("script: [{customer: {fields: {test: 1}}}]", "The profile cannot be written like that."),
    ("script: [{at: 2025-01-01T00:00:00Z}]", "It is 2026-01-01T09:00:00.000Z already; time never goes back."),
    (
        "script: [{at: {from: 2025-01-01T00:00:00Z, if_past: skip}}]",
        "This moment is past, and says that it is to be skipped.",
    ),
    ("script: [{event: {name: x, key: =5}}]", "This must be text; it is 5."),
    ("script: [{event: {name: x, data: {a: =customer.nope}}}]", "nope"),
]


@pytest.mark.parametrize(("script", "message"), STOPS, ids=[each[0] for each in STOPS])
def test_what_goes_otherwise_stops_the_script(script: str, message: str) -> None:
    stopped = failure("parcel", script)
    assert stopped is not None
    assert message in stopped.message


def test_differences_name_what_was_answered() -> None:
    stopped = failure("parcel", START + "script: [{act: {of: ask, action: submit, button: nope}}]")
    assert stopped is not None
    assert [(each.path, each.expected, each.actual) for each in stopped.differences] == [
        ("answer", "ok", "invalid_values"),
        ("/button", "a value that fits", "The card has no such button."),
    ]


def test_instance_that_has_failed_unseen_fails_the_script() -> None:
    stopped = failure("breaks", "start: {}")
    assert stopped is not None
    assert stopped.message.startswith("An instance of breaks has failed, and nothing expects it: read: ")


def test_event_that_no_door_would_let_in_stops_the_script() -> None:
    shared = Shared(events={"x": compile_schema({"properties": {"a": {"type": "string"}}})})
    stopped = playing("parcel", "script: [{event: {name: x, data: {a: 5}}}]", shared=shared).play()
    assert stopped is not None
    assert stopped.message == 'The data is not as the schema of "x" says.'
    assert [(each.path, each.actual) for each in stopped.differences] == [
        ("data/a", '5 is not of type "string"')
    ]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("start: {trigger: joined, refused: true}", "Nothing was refused; 1 started."),
        (
            "customer: {id: a, segments: [gold]}\nstart: {trigger: joined}",
            "a is already in the segment gold.",
        ),
        ("start: {trigger: gone}", "c1 is not in the segment gold."),
        ("start: {trigger: there}", "Nothing was started."),
    ],
)
def test_change_of_membership_that_starts_nothing_stops_the_script(script: str, message: str) -> None:
    stopped = failure("club", script)
    assert stopped is not None
    assert stopped.message == message


# ── calls ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rest", ["", "script: [{after: PT1S}]", "script: [{push: {of: tell, is: opened}}]"])
def test_request_that_nobody_answers_fails_the_script(rest: str) -> None:
    stopped = failure("calls", f"start: {{}}\n{rest}")
    assert stopped is not None
    assert stopped.message.startswith(
        "Nobody answers the request of call (POST https://example.org/c1): say `respond: {of: call, …}`"
    )


def test_attempt_that_nobody_answers_is_told_by_its_number() -> None:
    stopped = failure("calls", "start: {}\nscript: [{respond: {of: call, status: 503}}, {after: PT1M}]")
    assert stopped is not None
    assert "attempt 2" in stopped.message


def test_push_that_was_never_sent_cannot_be_opened() -> None:
    stopped = failure("calls", "script: [{push: {of: tell, is: opened}}]")
    assert stopped is not None
    assert stopped.message == "There is no push of tell yet."


# ── bounds ─────────────────────────────────────────────────────────────────────────────────────────────

NINE_DAYS = "start: {}\nscript: [{after: P9D}]"


def test_turns_are_bounded() -> None:
    assert failure("ticks", NINE_DAYS, bounds=Bounds(turns_max=10)) is None
    stopped = failure("ticks", NINE_DAYS, bounds=Bounds(turns_max=9))
    assert stopped is not None
    assert stopped.message == "There may be 9 turns."


def test_the_timeline_is_bounded() -> None:
    whole = playing("ticks", NINE_DAYS)
    assert whole.play() is None
    size = sum(len(turn.row.entry) for taken in whole.server.record for turn in taken.turns)
    assert failure("ticks", NINE_DAYS, bounds=Bounds(timeline_bytes_max=size)) is None
    stopped = failure("ticks", NINE_DAYS, bounds=Bounds(timeline_bytes_max=size // 2))
    assert stopped is not None
    assert stopped.message == f"The timeline may have {size // 2} bytes."


def test_the_clock_is_bounded() -> None:
    assert failure("ticks", NINE_DAYS, bounds=Bounds(span_ms_max=9 * DAY)) is None
    stopped = failure("ticks", NINE_DAYS, bounds=Bounds(span_ms_max=9 * DAY - 1))
    assert stopped is not None
    assert stopped.message == "The clock may go on until 2026-01-10T08:59:59.999Z."


def test_who_has_only_so_much_time_ends_it_between_two_inputs() -> None:
    looks = iter([False] * 5 + [True] * 100)
    stopped = failure("ticks", NINE_DAYS, bounds=Bounds(is_over=lambda: next(looks)))
    assert stopped is not None
    assert stopped.message == "It takes longer than it may."


# ── the world ──────────────────────────────────────────────────────────────────────────────────────────


def test_same_script_twice_gives_the_same_bytes() -> None:
    script = START + "script: [{after: P3D}, {act: {of: ask, action: dismiss}}]"
    one, other = playing("parcel", script), playing("parcel", script)
    assert one.play() is other.play() is None
    assert one.server.instances == other.server.instances
    assert one.server.cards == other.server.cards


def test_another_seed_gives_other_ids() -> None:
    one, other = playing("parcel", START), playing("parcel", START + "seed: other")
    assert one.play() is other.play() is None
    assert one.server.instances.keys() != other.server.instances.keys()


def test_zone_of_the_server_counts_where_the_customer_has_none() -> None:
    played = playing("parcel", 'script: [{at: {local: "00:00"}}]', world=World(zone="Asia/Tokyo"))
    assert played.play() is None
    assert played.server.now == 1_767_279_600_000  # midnight in Tokyo, three in the afternoon UTC

"""Whether what is expected is so: expectations beside what there is to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from rules.calendar.times import parse_rfc3339, to_datetime
from rules.compiling.flows import check
from rules.scripts.judging import Coming, Failure, Thing, judge
from rules.scripts.loading import WrittenTest, load_test, read_test
from rules.scripts.misses import Context
from rules.scripts.model import Expect, Kind

FLOW = """
flow: parcel
start: [ask, call, tell]
steps:
  ask: {type: send_card, card: where, next: done}
  done: {type: end}
  call: {type: request, url: "https://example.org", on_error: tell}
  tell: {type: notify, notification: news}
cards: {where: {title: Where, body: [{type: text, text: Where}, {type: submit, name: ok, label: OK}]}}
notifications: {news: {title: News, body: Body}}
"""
PARCEL = check(FLOW, type="yaml", version=1).flow
NOW = parse_rfc3339("2026-03-01T09:00:00Z")


def card(**fields: object) -> dict[str, object]:
    fixed = {"flow": "parcel", "customer": "ann", "key": None, "step": "ask", "status": "active"}
    return {**fixed, "title": "Where", "words": "Where\nAt the door", "priority": 5, **fields}


def instance(**fields: object) -> dict[str, object]:
    fixed = {"flow": "parcel", "customer": "ann", "key": None, "status": "running", "at": ["a", "b"]}
    return {**fixed, "outcome": None, "variables": {"n": 1}, **fields}


@dataclass
class Scene:
    """What there is to see; `before` are things that happened before the last action."""

    there: Mapping[Kind, Sequence[Thing]] = field(default_factory=dict)
    before: Mapping[Kind, Sequence[Thing]] = field(default_factory=dict)
    steps: Sequence[str] = ()
    comes: Coming | None = None
    now: int = NOW
    zone: str = "UTC"

    def things(self, kind: Kind, *, lately: bool) -> Sequence[Thing]:
        earlier = () if lately else self.before.get(kind, ())
        return [*earlier, *self.there.get(kind, ())]

    def ran(self) -> Sequence[str]:
        return self.steps

    def coming(self) -> Coming | None:
        return self.comes

    def context(self) -> Context:
        return {"now": to_datetime(self.now), "vars": {"n": 1}}


def judged(expect: str, scene: Scene) -> Failure | None:
    read = read_test(f"flow: parcel\ncases: {{a: {{script: [{{expect: {expect}}}]}}}}", type="yaml")
    assert isinstance(read, WrittenTest), read
    assert PARCEL is not None
    loaded = load_test(read, lambda key, constants: PARCEL)
    assert loaded.problems == ()
    does = loaded.scripts[0].steps[0].does
    assert isinstance(does, Expect)
    failures = [judge(expectation, scene) for expectation in does.expectations]
    return next((failure for failure in failures if failure is not None), None)


CARDS = Scene(
    there={Kind.CARD: [card(), card(status="completed"), card(customer="bob", key="k", priority=1)]}
)
EVENTS = Scene(
    there={Kind.EVENT: [{"name": "new", "data": {"n": 1}, "customer": "ann", "key": None, "test": False}]},
    before={Kind.EVENT: [{"name": "old", "data": {}, "customer": None, "key": "k", "test": False}]},
)
LATER = Scene(comes=Coming(at=NOW + 86_400_000, what="late of wait in parcel"))

HOLDS: list[tuple[str, Scene]] = [
    ("{card: {of: ask}}", CARDS),
    ("{card: {of: ask, contains: At the door}}", CARDS),
    ("{card: {of: ask, contains: [Where, door]}}", CARDS),
    ("{card: {of: ask, status: completed}}", CARDS),
    ("{card: {of: ask, status: [completed, expired]}}", CARDS),
    ("{card: {of: ask, customer: bob, key: k, priority: 1}}", CARDS),
    ("{card: {of: ask, nth: 3, priority: 1}}", CARDS),
    ("{card: {of: ask, nth: -1, priority: 1}}", CARDS),
    ("{card: {of: ask, priority: =value > vars.n}}", CARDS),
    ("{no_card: {of: ask, priority: 9}}", CARDS),
    ("{no_card: {flow: parcel, customer: cyd}}", CARDS),
    ("{cards: 2}", CARDS),
    ("{cards: {count: 1, status: completed}}", CARDS),
    ("{cards: 0}", Scene()),
    ("{event: new}", EVENTS),
    ("{event: {name: new, data: {n: 1}, customer: ann}}", EVENTS),
    ("{event: {name: new, times: 1}}", EVENTS),
    ("{event: {name: old, since: start, key: k}}", EVENTS),
    ("{no_event: old}", EVENTS),
    (
        "{instance: {status: running, at: [b, a]}}".replace("[b, a]", "[done, ask]"),
        Scene(there={Kind.INSTANCE: [instance(at=["ask", "done"])]}),
    ),
    ("{instance: {variables: {n: 1}, outcome: null}}", Scene(there={Kind.INSTANCE: [instance()]})),
    ("{instances: 2}", Scene(there={Kind.INSTANCE: [instance(), instance(status="failed")]})),
    (
        "{instances: {count: 1, status: failed}}",
        Scene(there={Kind.INSTANCE: [instance(), instance(status="failed")]}),
    ),
    ("{instances: 0}", Scene()),
    (
        "{customer: {tags: [a]}}",
        Scene(there={Kind.CUSTOMER: [{"id": "ann", "tags": ["a"]}, {"id": "bob", "tags": []}]}),
    ),
    (
        "{customer: {id: bob, tags: []}}",
        Scene(there={Kind.CUSTOMER: [{"id": "ann", "tags": ["a"]}, {"id": "bob", "tags": []}]}),
    ),
    ("{refused: live}", Scene(there={Kind.REFUSED: [{"flow": "parcel", "reason": "live", "detail": "…"}]})),
    (
        "{request: {of: call, method: GET}}",
        Scene(there={Kind.REQUEST: [{"flow": "parcel", "of": "call", "method": "GET", "attempt": 1}]}),
    ),
    (
        "{notification: {of: tell, status: sent}}",
        Scene(there={Kind.NOTIFICATION: [{"flow": "parcel", "of": "tell", "status": "sent"}]}),
    ),
    ("{no_notification: tell}", Scene()),
    ("{ran: [ask, done]}", Scene(steps=["ask", "tell", "done"])),
    ("{not_ran: call}", Scene(steps=["ask"])),
    ("{due: 2026-03-02T09:00:00Z}", LATER),
    ("{due: {offset: P1D}}", LATER),
    ("{quiet: PT23H}", LATER),
    ("{quiet: true}", Scene()),
]
FAILS: list[tuple[str, Scene, str]] = [
    (
        "{card: {of: ask, title: Who}}",
        CARDS,
        "No card is like that. The active card of ask, the nearest of 3, differs:",
    ),
    (
        "{card: {of: ask, customer: cyd}}",
        CARDS,
        'There is no card with {flow: "parcel", customer: "cyd", step: "ask"}, only the active card of ask',
    ),
    ("{card: {of: ask, nth: 4}}", CARDS, "number 4"),
    ("{card: {of: ask}}", Scene(), "There is no card."),
    (
        "{no_card: {of: ask}}",
        CARDS,
        "Expected no such cards, found 2: the active card of ask, the active card of ask.",
    ),
    ("{cards: 3}", CARDS, "Expected 3 such cards, found 2"),
    ("{event: old}", EVENTS, "No event is like that. The event new differs:"),
    ("{event: none}", Scene(), "There is no event since the last action."),
    ("{no_event: new}", EVENTS, "Expected no such events, found 1: the event new."),
    ("{event: {name: new, times: 2}}", EVENTS, "Expected 2 such events, found 1"),
    (
        "{instance: {at: done}}",
        Scene(there={Kind.INSTANCE: [instance()]}),
        "The running instance of parcel differs:",
    ),
    (
        "{refused: live}",
        Scene(there={Kind.REFUSED: [{"flow": "parcel", "reason": "once"}]}),
        "A start of parcel refused as once differs:",
    ),
    ("{request: call}", Scene(), "There is no request since the last action."),
    (
        "{notification: {of: tell, status: sent}}",
        Scene(there={Kind.NOTIFICATION: [{"flow": "parcel", "of": "tell", "status": "held"}]}),
        "The held push of tell differs:",
    ),
    (
        "{request: {of: call, method: PUT}}",
        Scene(there={Kind.REQUEST: [{"flow": "parcel", "of": "call", "method": "GET", "attempt": 2}]}),
        "The request of call, attempt 2, differs:",
    ),
    (
        "{customer: {tags: [b]}}",
        Scene(there={Kind.CUSTOMER: [{"id": "ann", "tags": []}]}),
        "The customer ann differs:",
    ),
    (
        "{ran: [done, ask]}",
        Scene(steps=["ask", "done"]),
        "ask did not run in this order. Since the last action: ask, done.",
    ),
    ("{ran: tell}", Scene(), "tell did not run. Since the last action: none."),
    ("{not_ran: [ask, tell]}", Scene(steps=["ask"]), "ask ran. Since the last action: ask."),
    ("{due: 2026-03-03T09:00:00Z}", LATER, "Something else comes next:"),
    ("{due: 2026-03-03T09:00:00Z}", Scene(), "Something else comes next:"),
    ("{due: =nope}".replace("=nope", "=vars.x"), LATER, "x"),
    ("{quiet: P1D}", LATER, "At 2026-03-02T09:00:00.000Z something happens: late of wait in parcel."),
    ("{quiet: true}", LATER, "something happens"),
]


@pytest.mark.parametrize(("expect", "scene"), HOLDS, ids=[each[0] for each in HOLDS])
def test_what_is_so_is_no_failure(expect: str, scene: Scene) -> None:
    assert judged(expect, scene) is None


@pytest.mark.parametrize(("expect", "scene", "message"), FAILS, ids=[each[0] for each in FAILS])
def test_what_is_not_so_is_told_with_what_is_nearest(expect: str, scene: Scene, message: str) -> None:
    failure = judged(expect, scene)
    assert failure is not None
    assert message in failure.message
    assert failure.pointer.startswith("/cases/a/script/0/expect/")


def test_differences_say_what_was_expected_and_what_is() -> None:
    failure = judged("{card: {of: ask, priority: 1, title: Who}}", Scene(there={Kind.CARD: [card()]}))
    assert failure is not None
    assert [(each.path, each.expected, each.actual) for each in failure.differences] == [
        ("title", '"Who"', '"Where"'),
        ("priority", "1", "5"),
    ]


def test_too_few_are_told_with_the_nearest_other() -> None:
    failure = judged("{event: {name: new, data: {n: 2}, times: 1}}", EVENTS)
    assert failure is not None
    assert failure.message == "Expected 1 such event, found 0: the event new differs."
    assert [each.path for each in failure.differences] == ["data.n"]

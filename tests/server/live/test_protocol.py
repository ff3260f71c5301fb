"""The session: what may follow what, and what each end is called."""

from __future__ import annotations

from itertools import product
from typing import Any

import msgspec
import pytest

from server.auth.callers import Refused
from server.auth.claims import CustomerToken
from server.errors import ERRORS
from server.live.codec import JSON, codecs
from server.live.messages import Act, Subscribe
from server.live.protocol import (
    CLOSES,
    TRANSITIONS,
    Bucket,
    Close,
    Enter,
    Order,
    Perform,
    Send,
    Session,
    SessionState,
    Stimulus,
)
from server.settings import Live as Settings

NOW = 1_700_000_000_000
EXPIRES = NOW + 3_600_000
SUBSCRIBE = {"type": "subscribe", "id": 1, "container": "home"}


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.ms = 0

    def now(self) -> int:
        return NOW + self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000

    async def sleep(self, seconds: float) -> None:
        self.ms += round(seconds * 1_000)


class Gate:
    """Takes tokens that name a customer; `no` is refused."""

    def __init__(self) -> None:
        self.places = 1

    def verify(self, token: str) -> CustomerToken | Refused:
        customer, _, app = token.partition("@")
        if customer == "no":
            return Refused("not signed", "The token is not accepted.")
        later = 1_000 if customer.endswith("-later") else 0
        return CustomerToken(customer.removesuffix("-later"), app or "app", EXPIRES + later, {})

    def enter(self, customer: str) -> bool:
        self.places -= 1
        return self.places >= 0


class Play:
    """A session, its clock and its gate."""

    def __init__(self, *, header_token: str | None = None, **settings: Any) -> None:
        self.clock = Hands()
        self.gate = Gate()
        self.session = Session(
            id="s",
            codec=codecs()[JSON],
            gate=self.gate,
            clock=self.clock,
            settings=msgspec.convert(settings, Settings),
            header_token=header_token,
        )

    def say(self, **message: object) -> list[Order]:
        return self.session.receive(msgspec.json.encode(message), is_text=True)

    def open(self) -> Play:
        self.say(type="hello", token="c-42")
        return self

    def after(self, seconds: float) -> list[Order]:
        self.clock.ms += round(seconds * 1_000)
        return self.session.tick()


def told(orders: list[Order]) -> dict[str, Any]:
    """The one message that is to be sent."""
    (order,) = orders
    assert isinstance(order, Send)
    message: dict[str, Any] = msgspec.to_builtins(order.message)
    return message


def closed(orders: list[Order]) -> int:
    (order,) = orders
    assert isinstance(order, Close)
    return order.code


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("state", "stimulus"), list(product(SessionState, Stimulus)))
def test_only_what_the_table_holds_moves_a_session(state: SessionState, stimulus: Stimulus) -> None:
    session = Play().open().session
    session.state = state
    moved = session._move(stimulus)
    assert moved == ((state, stimulus) in TRANSITIONS)
    assert session.state is TRANSITIONS.get((state, stimulus), state)


def test_nothing_leads_out_of_closed_and_all_that_closes_has_a_code() -> None:
    assert not [state for state, _ in TRANSITIONS if state is SessionState.CLOSED]
    closing = {stimulus for (_, stimulus), after in TRANSITIONS.items() if after is SessionState.CLOSED}
    assert closing == CLOSES.keys()
    assert all(ERRORS[code].close_code for code in CLOSES.values())


# ── hello ──────────────────────────────────────────────────────────────────────────────────────────────


def test_hello_with_a_token_is_welcome() -> None:
    play = Play()
    entered, welcome = play.say(type="hello", token="c-42", client={"sdk": "web/1.0", "new": True})
    assert isinstance(entered, Enter)
    assert (entered.token.customer, entered.client.sdk) == ("c-42", "web/1.0")
    assert told([welcome]) == {
        "type": "welcome",
        "customer": "c-42",
        "session": "s",
        "heartbeat": 25,
        "expires_at": "2023-11-14T23:13:20.000Z",
    }
    assert play.session.state is SessionState.OPEN


@pytest.mark.parametrize(
    ("header", "hello", "code"),
    [
        ("c-42", {}, None),
        ("no", {"token": "c-42"}, None),
        (None, {}, 4401),
        (None, {"token": "no"}, 4401),
        ("no", {}, 4401),
        ("c-42", {"token": "no"}, 4401),
    ],
)
def test_token_comes_in_the_hello_or_in_the_header(
    header: str | None, hello: dict[str, str], code: int | None
) -> None:
    play = Play(header_token=header)
    orders = play.say(type="hello", **hello)
    if code is None:
        assert play.session.state is SessionState.OPEN
    else:
        assert closed(orders) == code


def test_hello_that_does_not_come_closes_with_4408() -> None:
    play = Play()
    assert play.session.due_in_s() == 10
    assert play.after(9.9) == []
    assert closed(play.after(0.1)) == 4408
    assert play.session.due_in_s() is None


def test_jumping_wall_clock_does_not_time_a_hello_out() -> None:
    play = Play()
    play.clock.now = lambda: NOW + 86_400_000  # type: ignore[method-assign]
    assert play.session.tick() == []


@pytest.mark.parametrize("message", [SUBSCRIBE, {"type": "token", "token": "c-42"}])
def test_request_before_the_hello_is_an_error(message: dict[str, Any]) -> None:
    play = Play()
    error = told(play.say(**message))
    assert (error["type"], error["code"]) == ("error", "bad_request")
    assert play.session.state is SessionState.WAITING


def test_second_hello_is_an_error() -> None:
    play = Play().open()
    assert told(play.say(type="hello", token="c-43"))["code"] == "bad_request"
    assert play.session.token is not None
    assert play.session.token.customer == "c-42"


def test_customer_with_too_many_connections_is_closed_with_4429() -> None:
    play = Play()
    play.gate.places = 0
    assert closed(play.say(type="hello", token="c-42")) == 4429


# ── tokens ─────────────────────────────────────────────────────────────────────────────────────────────


def test_token_is_renewed_in_time() -> None:
    play = Play().open()
    assert play.session.due_in_s() == 3_540
    assert play.after(3_539) == []
    assert told(play.after(1)) == {"type": "renew"}
    assert play.after(1) == []
    answer = told(play.say(type="token", token="c-42-later", id=9))
    assert answer == {"type": "ok", "id": 9, "expires_at": "2023-11-14T23:13:21.000Z"}
    assert play.session.state is SessionState.OPEN


def test_token_that_is_not_renewed_ends_the_session() -> None:
    play = Play().open()
    play.after(3_540)
    assert play.session.due_in_s() == 60
    assert play.after(59) == []
    assert closed(play.after(1)) == 4401


def test_clock_that_jumps_past_the_expiry_ends_the_session_at_once() -> None:
    assert closed(Play().open().after(4_000)) == 4401


@pytest.mark.parametrize("token", ["no", "c-43", "c-42@other"])
def test_token_of_another_customer_or_app_ends_the_session(token: str) -> None:
    assert closed(Play().open().say(type="token", token=token)) == 4401


def test_token_may_come_unasked() -> None:
    play = Play().open()
    assert told(play.say(type="token", token="c-42-later"))["type"] == "ok"


# ── requests ───────────────────────────────────────────────────────────────────────────────────────────


def test_requests_are_performed_in_order() -> None:
    play = Play().open()
    (order,) = play.say(**SUBSCRIBE)
    assert order == Perform(Subscribe(id=1, container="home"))
    (order,) = play.say(type="act", id=2, key="k", card="c", action="dismiss", unknown=[1])
    assert order == Perform(Act(id=2, key="k", card="c", action="dismiss"))


@pytest.mark.parametrize(
    ("message", "code", "id", "pointer"),
    [
        ({"type": "dance", "id": 4}, "unknown_type", 4, None),
        ({"type": "dance", "id": "x"}, "unknown_type", None, None),
        ({"id": 4}, "bad_request", 4, "/type"),
        ({"type": 7, "id": 4}, "bad_request", 4, "/type"),
        ({"type": "subscribe", "id": 4}, "bad_request", 4, "/container"),
        ({"type": "subscribe", "id": 4, "container": 3}, "bad_request", 4, "/container"),
        ({"type": "subscribe", "id": -1, "container": "home"}, "bad_request", None, "/id"),
        ({"type": "act", "id": 4, "key": "", "card": "c", "action": "dismiss"}, "bad_request", 4, "/key"),
        (
            {"type": "act", "id": 4, "key": "k" * 65, "card": "c", "action": "dismiss"},
            "bad_request",
            4,
            "/key",
        ),
        ({"type": "act", "id": 4, "key": "k", "card": "c", "action": "eat"}, "bad_request", 4, "/action"),
        (
            {"type": "act", "id": 4, "key": "k", "card": "c", "action": "vote_up", "message": "m" * 281},
            "bad_request",
            4,
            "/message",
        ),
        (
            {
                "type": "act",
                "id": 4,
                "key": "k",
                "card": "c",
                "action": "submit",
                "values": {"a": {"b": 2**60}},
            },
            "bad_request",
            4,
            "/values/a/b",
        ),
        ({"type": "track", "id": 4, "key": "k", "events": []}, "bad_request", 4, "/events"),
        (
            {"type": "track", "id": 4, "key": "k", "events": [{"card": "c", "name": "displayed"}] * 101},
            "bad_request",
            4,
            "/events",
        ),
    ],
)
def test_wrong_map_is_answered_with_where_it_is_wrong(
    message: dict[str, Any], code: str, id: int | None, pointer: str | None
) -> None:
    play = Play().open()
    error = told(play.say(**message))
    assert (error["type"], error["code"], error.get("id")) == ("error", code, id)
    if pointer is not None:
        assert error["errors"][0]["pointer"] == pointer
    assert play.session.state is SessionState.OPEN


@pytest.mark.parametrize(
    ("payload", "is_text"),
    [
        (b"", True),
        (b"[]", True),
        (b"7", True),
        (b"{", True),
        (b'{"type":"hello"}{}', True),
        (b'{"type":"\xff"}', True),
        (b'{"type":"hello","token":"\\ud800"}', True),
        (b"[" * 100_000, True),
        (b'{"type":"act","values":' + b'{"a":' * 100_000, True),
        (b'{"type":"hello","token":"c-42"}', False),
        (msgspec.msgpack.encode({"type": "hello", "token": "c-42"}), False),
    ],
)
def test_what_is_no_map_closes_with_4400(payload: bytes, is_text: bool) -> None:
    play = Play()
    assert closed(play.session.receive(payload, is_text=is_text)) == 4400
    assert play.session.receive(b"{}", is_text=True) == []


def test_too_many_messages_are_errors_and_then_the_end() -> None:
    play = Play(actions_per_s=5).open()
    act = {"type": "act", "id": 1, "key": "k", "card": "c", "action": "dismiss"}
    assert all(isinstance(play.say(**act)[0], Perform) for _ in range(5))
    for _ in range(5):
        assert told(play.say(**act))["code"] == "rate_limited"
    assert closed(play.say(**act)) == 4429


def test_pause_makes_up_for_a_burst() -> None:
    play = Play(actions_per_s=5).open()
    for _ in range(20):
        play.clock.ms += 200
        assert isinstance(play.say(**SUBSCRIBE)[0], Perform)


def test_actions_and_other_messages_have_a_burst_each() -> None:
    play = Play(actions_per_s=2)
    assert len(play.say(type="hello", token="c-42")) == 2
    assert isinstance(play.say(**SUBSCRIBE)[0], Perform)
    for _ in range(2):
        assert isinstance(play.say(type="act", id=1, key="k", card="c", action="dismiss")[0], Perform)


@pytest.mark.parametrize(("end", "code"), [("stop", 1001), ("strain", 4503)])
def test_server_ends_sessions_with_a_reason_to_come_back(end: str, code: int) -> None:
    play = Play().open()
    assert closed(getattr(play.session, end)()) == code
    assert getattr(play.session, end)() == []
    assert play.after(9_999) == []


def test_bucket_lets_its_burst_through_exactly() -> None:
    bucket = Bucket(50, 50)
    assert [bucket.take(1_000.0) for _ in range(51)] == [True] * 50 + [False]
    assert bucket.take(1_000.02)
    assert not bucket.take(1_000.02)

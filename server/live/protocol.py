"""One app's session, without I/O: frames and the passing of time go in, orders come out.

A session waits for its hello, is then open, and is renewing while it waits for a token that replaces one
about to expire. What may follow what is `TRANSITIONS` and nothing else: a message that the table does not
allow is answered with an error and changes nothing; every stimulus of `CLOSES` ends the session with its
code. Who waits how long is measured on the monotonic clock, tokens by the wall clock that they name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from msgspec import UNSET

from actors.ports import Clock
from rules.calendar.times import rfc3339
from server.auth.callers import Refused
from server.auth.claims import CustomerToken
from server.errors import ERRORS, ErrorCode
from server.settings import Live as Settings

from .codec import Codec, Garbage, Mistake
from .messages import (
    Act,
    Client,
    ClientMessage,
    Error,
    Hello,
    Ok,
    Renew,
    ServerMessage,
    Subscribe,
    Token,
    Track,
    Unsubscribe,
    Welcome,
)

MS_PER_S: Final = 1_000
ERRORS_PER_S: Final = 1
"""How often a session may be told that it is too fast before it is closed, once its burst of that is used up.
"""


class SessionState(StrEnum):
    WAITING = "waiting"
    OPEN = "open"
    RENEWING = "renewing"
    CLOSED = "closed"


class Stimulus(StrEnum):
    HELLO = "hello"
    TOKEN = "token"  # noqa: S105 - what happened, not a secret
    REQUEST = "request"
    RENEW_DUE = "renew due"
    HELLO_DUE = "hello due"
    EXPIRED = "token expired"
    REFUSED = "token refused"
    FULL = "too many connections"
    GARBAGE = "garbage"
    FLOOD = "too many messages"
    STRAINED = "server strained"
    STOPPED = "server stopped"


_W, _O, _R, _C = SessionState.WAITING, SessionState.OPEN, SessionState.RENEWING, SessionState.CLOSED

TRANSITIONS: Final[dict[tuple[SessionState, Stimulus], SessionState]] = {
    (_W, Stimulus.HELLO): _O,
    (_W, Stimulus.HELLO_DUE): _C,
    (_W, Stimulus.REFUSED): _C,
    (_W, Stimulus.FULL): _C,
    (_W, Stimulus.GARBAGE): _C,
    (_W, Stimulus.FLOOD): _C,
    (_W, Stimulus.STRAINED): _C,
    (_W, Stimulus.STOPPED): _C,
    (_O, Stimulus.REQUEST): _O,
    (_O, Stimulus.TOKEN): _O,
    (_O, Stimulus.RENEW_DUE): _R,
    (_O, Stimulus.EXPIRED): _C,
    (_O, Stimulus.REFUSED): _C,
    (_O, Stimulus.GARBAGE): _C,
    (_O, Stimulus.FLOOD): _C,
    (_O, Stimulus.STRAINED): _C,
    (_O, Stimulus.STOPPED): _C,
    (_R, Stimulus.REQUEST): _R,
    (_R, Stimulus.TOKEN): _O,
    (_R, Stimulus.EXPIRED): _C,
    (_R, Stimulus.REFUSED): _C,
    (_R, Stimulus.GARBAGE): _C,
    (_R, Stimulus.FLOOD): _C,
    (_R, Stimulus.STRAINED): _C,
    (_R, Stimulus.STOPPED): _C,
}

CLOSES: Final[dict[Stimulus, ErrorCode]] = {
    Stimulus.HELLO_DUE: "hello_timeout",
    Stimulus.EXPIRED: "unauthorized",
    Stimulus.REFUSED: "unauthorized",
    Stimulus.FULL: "too_many",
    Stimulus.GARBAGE: "bad_request",
    Stimulus.FLOOD: "too_many",
    Stimulus.STRAINED: "overloaded",
    Stimulus.STOPPED: "going_away",
}

Request: TypeAlias = Subscribe | Unsubscribe | Act | Track


@dataclass(frozen=True, slots=True)
class Send:
    message: ServerMessage


@dataclass(frozen=True, slots=True)
class Close:
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Enter:
    """The session knows its customer from now on."""

    token: CustomerToken
    client: Client


@dataclass(frozen=True, slots=True)
class Perform:
    """Do what was asked, and answer it."""

    request: Request


Order: TypeAlias = Send | Close | Enter | Perform


class Gate(Protocol):
    """Who may come in."""

    def verify(self, token: str) -> CustomerToken | Refused: ...

    def enter(self, customer: str) -> bool:
        """Take one of the customer's places; False when they are all taken."""
        ...


class Session:
    """What is written on an open session is a `Request` to perform, in order; the rest it answers itself.

    `header_token` came with the handshake; a hello that has one of its own wins. `id` is for logs on both
    sides.
    """

    __slots__ = (
        "_actions",
        "_clock",
        "_codec",
        "_errors",
        "_gate",
        "_header_token",
        "_hello_due_s",
        "_messages",
        "_settings",
        "id",
        "renew_at",
        "state",
        "token",
    )

    def __init__(
        self, *, id: str, codec: Codec, gate: Gate, clock: Clock, settings: Settings, header_token: str | None
    ) -> None:
        self.id = id
        self.state = SessionState.WAITING
        self.token: CustomerToken | None = None
        self.renew_at = 0
        self._codec = codec
        self._gate = gate
        self._clock = clock
        self._settings = settings
        self._header_token = header_token
        self._hello_due_s = clock.monotonic() + settings.hello_s
        self._actions = Bucket(settings.actions_per_s, settings.actions_per_s)
        self._messages = Bucket(settings.actions_per_s, settings.actions_per_s)
        self._errors = Bucket(ERRORS_PER_S, settings.actions_per_s)

    # ── what happens ───────────────────────────────────────────────────────────────────────────────────
    def receive(self, payload: bytes, *, is_text: bool) -> list[Order]:
        """A frame came."""
        if self.state is SessionState.CLOSED:
            return []
        try:
            message = self._codec.decode(payload, is_text=is_text)
        except Garbage as garbage:
            return self._end(Stimulus.GARBAGE, str(garbage))
        bucket = self._actions if isinstance(message, Act | Track) else self._messages
        if not bucket.take(self._clock.monotonic()):
            return self._too_fast(message)
        if isinstance(message, Mistake):
            return [Send(_error(message.code, message.text, message))]
        return self._take(message)

    def tick(self) -> list[Order]:
        """Time passed; call it when `due_in_s` is over, or at any other time."""
        now = self._clock.now()
        if self.state is SessionState.WAITING:
            is_due = self._clock.monotonic() >= self._hello_due_s
            return self._end(Stimulus.HELLO_DUE, "No hello came in time") if is_due else []
        if self.token is None or self.state is SessionState.CLOSED:
            return []
        if now >= self.token.expires_at:
            return self._end(Stimulus.EXPIRED, "The token has expired")
        if self.state is SessionState.OPEN and now >= self.renew_at:
            self._move(Stimulus.RENEW_DUE)
            return [Send(Renew())]
        return []

    def due_in_s(self) -> float | None:
        """Until `tick` has something to do."""
        match self.state:
            case SessionState.WAITING:
                return max(0.0, self._hello_due_s - self._clock.monotonic())
            case SessionState.CLOSED:
                return None
        assert self.token is not None, "an open session has a token"
        at = self.renew_at if self.state is SessionState.OPEN else self.token.expires_at
        return max(0.0, (at - self._clock.now()) / MS_PER_S)

    def stop(self) -> list[Order]:
        """The server goes away."""
        return self._end(Stimulus.STOPPED, "The server is going away")

    def strain(self) -> list[Order]:
        """The server cannot serve this session at the moment."""
        return self._end(Stimulus.STRAINED, "The server cannot answer at the moment")

    def crowd(self, reason: str) -> list[Order]:
        """There are too many connections already."""
        return self._end(Stimulus.FULL, reason)

    # ── messages ───────────────────────────────────────────────────────────────────────────────────────
    def _take(self, message: ClientMessage) -> list[Order]:
        match message:
            case Hello():
                return self._hello(message)
            case Token():
                return self._renewed(message)
            case _:
                if not self._move(Stimulus.REQUEST):
                    return [Send(_error("bad_request", "Say hello first", message))]
                return [Perform(message)]

    def _hello(self, hello: Hello) -> list[Order]:
        if self.state is not SessionState.WAITING:
            return [Send(_error("bad_request", "You said hello already", hello))]
        given = hello.token or self._header_token
        self._header_token = None
        if given is None:
            return self._end(Stimulus.REFUSED, "There is no token, neither in the hello nor in a header")
        token = self._gate.verify(given)
        if isinstance(token, Refused):
            return self._end(Stimulus.FLOOD if token.must_wait else Stimulus.REFUSED, token.detail)
        if not self._gate.enter(token.customer):
            return self.crowd("This customer has too many connections")
        self._move(Stimulus.HELLO)
        self._hold(token)
        welcome = Welcome(
            customer=token.customer,
            session=self.id,
            heartbeat=self._settings.heartbeat_s,
            expires_at=rfc3339(token.expires_at),
        )
        return [Enter(token, hello.client), Send(welcome)]

    def _renewed(self, message: Token) -> list[Order]:
        if self.token is None:
            return [Send(_error("bad_request", "Say hello first", message))]
        token = self._gate.verify(message.token)
        if isinstance(token, Refused):
            return self._end(Stimulus.FLOOD if token.must_wait else Stimulus.REFUSED, token.detail)
        if (token.customer, token.app) != (self.token.customer, self.token.app):
            return self._end(Stimulus.REFUSED, "The token is for another customer or app key")
        self._move(Stimulus.TOKEN)
        self._hold(token)
        return [Send(Ok(id=message.id, expires_at=rfc3339(token.expires_at)))]

    def _hold(self, token: CustomerToken) -> None:
        """Keep the token, and ask for the next one in time: half-way through one that is short-lived."""
        now = self._clock.now()
        ahead = min(self._settings.renew_s * MS_PER_S, (token.expires_at - now) // 2)
        self.token = token
        self.renew_at = token.expires_at - ahead

    def _too_fast(self, message: ClientMessage | Mistake) -> list[Order]:
        text = f"More than {self._settings.actions_per_s} messages a second"
        if not self._errors.take(self._clock.monotonic()):
            return self._end(Stimulus.FLOOD, text)
        return [Send(_error("rate_limited", text, message))]

    # ── the table ──────────────────────────────────────────────────────────────────────────────────────
    def _move(self, stimulus: Stimulus) -> bool:
        """Whether the table has a way; if so it is taken."""
        after = TRANSITIONS.get((self.state, stimulus))
        if after is None:
            return False
        self.state = after
        return True

    def _end(self, stimulus: Stimulus, reason: str) -> list[Order]:
        if not self._move(stimulus):
            return []
        code = ERRORS[CLOSES[stimulus]].close_code
        assert code is not None, "what closes a session has a close code"
        return [Close(code, reason)]


class Bucket:
    """Lets `per_s` through a second, and `burst` at once: one number, when it is full again."""

    __slots__ = ("_burst_s", "_full_at_s", "_interval_s")

    def __init__(self, per_s: int, burst: int) -> None:
        self._interval_s = 1 / per_s
        self._burst_s = burst / per_s
        self._full_at_s = 0.0

    def take(self, now_s: float) -> bool:
        full_at_s = max(self._full_at_s, now_s) + self._interval_s
        # A millionth of leeway: sums of fractions would refuse the last of a burst.
        if full_at_s > now_s + self._burst_s + 1e-6:
            return False
        self._full_at_s = full_at_s
        return True


def _error(code: ErrorCode, text: str, about: ClientMessage | Mistake) -> Error:
    errors = [
        {"pointer": error.pointer, "code": error.code, "message": error.message}
        for error in (about.errors if isinstance(about, Mistake) else ())
    ]
    return Error(id=getattr(about, "id", UNSET), code=code, message=text, errors=errors or UNSET)

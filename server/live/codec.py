"""The two subprotocols: messages to frames and back, JSON as text, MessagePack as binary.

Knows which bytes are no message at all (`Garbage`) and which are a wrong one (`Mistake`); what follows from
either is `protocol.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from server.errors import FieldError
from server.http.bodies import located
from server.http.checks import Faults, check_data

from .messages import CLIENT_MESSAGES, Act, ClientMessage, ServerMessage, Track
from .wire import EncodedCards

JSON: Final = "flowdeck.v1.json"
MSGPACK: Final = "flowdeck.v1.msgpack"
ENCODED_CARDS_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of each encoding: some thousand cards, which is what is on screens at the moment."""
REQUEST_ID_MAX: Final = 2**53

TYPES: Final = frozenset(str(kind.__struct_config__.tag) for kind in CLIENT_MESSAGES)


class Garbage(Exception):
    """Not a map, not decodable, or the wrong kind of frame: no answer would be understood."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A map that is not a message: `code` is `bad_request` or `unknown_type`."""

    id: int | UnsetType
    code: Literal["bad_request", "unknown_type"]
    text: str
    errors: tuple[FieldError, ...] = ()


class Codec:
    """One subprotocol."""

    def __init__(self, subprotocol: str, media_type: str, *, is_text: bool) -> None:
        self.subprotocol = subprotocol
        self.media_type = media_type
        self.is_text = is_text
        library: Any = msgspec.json if is_text else msgspec.msgpack
        self._encoder = library.Encoder()
        self._decode_message = library.Decoder(ClientMessage).decode
        self._decode_any = library.Decoder().decode
        self._first_byte = b"\x81" if is_text else b"\x82"
        self.cards = EncodedCards(self._encoder, bytes_max=ENCODED_CARDS_BYTES_MAX)

    def encode(self, message: ServerMessage) -> bytes:
        payload: bytes = self._encoder.encode(message)
        return payload

    def frame(self, message: ServerMessage) -> bytes:
        """The message as one whole WebSocket frame (RFC 6455 §5.2): made once, written as it is to every
        socket."""
        payload = self.encode(message)
        size = len(payload)
        if size < 126:
            return b"%b%c%b" % (self._first_byte, size, payload)
        if size < 1 << 16:
            return b"%b\x7e%b%b" % (self._first_byte, size.to_bytes(2, "big"), payload)
        return b"%b\x7f%b%b" % (self._first_byte, size.to_bytes(8, "big"), payload)

    def decode(self, payload: bytes, *, is_text: bool) -> ClientMessage | Mistake:
        """The message or what is wrong with it; raises Garbage."""
        if is_text != self.is_text:
            raise Garbage(f"{self.subprotocol} has {'text' if self.is_text else 'binary'} frames")
        try:
            message: ClientMessage = self._decode_message(payload)
        except msgspec.ValidationError as error:
            return self._mistake(payload, str(error))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Garbage("The frame cannot be decoded") from error
        faults = Faults()
        for pointer, value in _untyped(message):
            check_data(value, pointer, faults)
        if faults.found:
            assert isinstance(message, Act | Track), "only these hold untyped values"
            return Mistake(message.id, "bad_request", _sentence(faults.found[0]), tuple(faults.found))
        return message

    def _mistake(self, payload: bytes, problem: str) -> Mistake:
        """Why a map is no message; for a wrong frame it may cost a second look."""
        try:
            given = self._decode_any(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, OverflowError) as error:
            raise Garbage("The frame cannot be decoded") from error
        if not isinstance(given, dict):
            raise Garbage("A message is a map")
        id, kind = given.get("id"), given.get("type")
        request = id if type(id) is int and 0 <= id <= REQUEST_ID_MAX else UNSET
        if isinstance(kind, str) and kind not in TYPES:
            return Mistake(request, "unknown_type", f"There is no message of type {kind[:32]!r}")
        fault = located(problem, ClientMessage)
        return Mistake(request, "bad_request", _sentence(fault), (fault,))


def _untyped(message: ClientMessage) -> Iterator[tuple[str, object]]:
    """The parts of a message that no type describes, with their pointers."""
    if isinstance(message, Act):
        yield "/values", message.values
    elif isinstance(message, Track):
        for number, event in enumerate(message.events):
            yield f"/events/{number}/data", event.data


def _sentence(error: FieldError) -> str:
    return f"{error.pointer}: {error.message}" if error.pointer else error.message


def codecs() -> Mapping[str, Codec]:
    """Both, by subprotocol. They keep encoded cards, and so belong to one server."""
    return {
        codec.subprotocol: codec
        for codec in (
            Codec(JSON, "application/json", is_text=True),
            Codec(MSGPACK, "application/msgpack", is_text=False),
        )
    }

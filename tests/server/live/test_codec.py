"""Frames of both subprotocols: whole WebSocket frames out, messages in."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from rules.cards.names import numbered
from rules.limits import EACH_COUNT_MAX
from server.live.codec import JSON, MSGPACK, Garbage, Mistake, codecs
from server.live.messages import Act, Hello, Ok, Renew

from .setting import BOTH, read_frame

ACT = {"type": "act", "id": 1, "key": "k", "card": "c", "action": "submit"}


@pytest.mark.parametrize("subprotocol", BOTH)
@pytest.mark.parametrize("size", [0, 99, 200, 65_400, 65_500, 70_000])
def test_frame_holds_its_message_whatever_its_length(subprotocol: str, size: int) -> None:
    message = Ok(id=1, expires_at="x" * size)
    frame = codecs()[subprotocol].frame(message)
    assert read_frame(frame) == {"type": "ok", "id": 1, "expires_at": "x" * size}


def test_kinds_of_frames_are_told_apart() -> None:
    assert codecs()[JSON].frame(Renew())[0] == 0x81
    assert codecs()[MSGPACK].frame(Renew())[0] == 0x82


@pytest.mark.parametrize("subprotocol", BOTH)
def test_same_message_in_both_encodings(subprotocol: str) -> None:
    codec = codecs()[subprotocol]
    encode = msgspec.json.encode if codec.is_text else msgspec.msgpack.encode
    hello = codec.decode(encode({"type": "hello", "token": "t"}), is_text=codec.is_text)
    assert hello == Hello(token="t")
    act = codec.decode(encode(ACT | {"for": "PT1H", "values": {"a": [1, None]}}), is_text=codec.is_text)
    assert act == Act(id=1, key="k", card="c", action="submit", for_="PT1H", values={"a": [1, None]})


@pytest.mark.parametrize(
    "value",
    [
        b"bytes",
        datetime(2026, 1, 1, tzinfo=UTC),
        float("nan"),
        float("inf"),
        2**53 + 1,
        msgspec.msgpack.Ext(7, b"x"),
    ],
)
def test_values_that_json_cannot_say_are_refused_in_messagepack_too(value: object) -> None:
    payload = msgspec.msgpack.encode(ACT | {"values": {"a": {"b": value}}})
    mistake = codecs()[MSGPACK].decode(payload, is_text=False)
    assert isinstance(mistake, Mistake)
    assert (mistake.code, mistake.id, mistake.errors[0].pointer) == ("bad_request", 1, "/values/a/b")


def test_name_of_a_repeated_element_is_taken_however_long_its_author_made_it() -> None:
    longest = numbered("x" * 64, EACH_COUNT_MAX)
    codec = codecs()[JSON]
    act = codec.decode(msgspec.json.encode(ACT | {"button": longest, "element": longest}), is_text=True)
    assert isinstance(act, Act)
    for key in ("button", "element"):
        longer = msgspec.json.encode(ACT | {key: longest + "0"})
        assert isinstance(codec.decode(longer, is_text=True), Mistake)


def test_values_as_deep_as_a_document_are_taken_and_deeper_ones_refused() -> None:
    def nested(levels: int) -> bytes:
        value: object = 1
        for _ in range(levels):
            value = [value]
        return msgspec.json.encode(ACT | {"values": {"a": value}})

    codec = codecs()[JSON]
    assert isinstance(codec.decode(nested(31), is_text=True), Act)
    assert isinstance(codec.decode(nested(32), is_text=True), Mistake)


@pytest.mark.parametrize(
    "payload",
    [
        b"\xc1",
        b"\x81",
        b"\x90",
        b"\x81\xa4type\xa3\xed\xa0\x80",
        b"\x91" * 5_000,
        msgspec.msgpack.encode({1: 2})[:-1],
    ],
)
def test_bytes_that_are_no_map_are_garbage(payload: bytes) -> None:
    with pytest.raises(Garbage):
        codecs()[MSGPACK].decode(payload, is_text=False)


def test_map_with_other_keys_than_text_is_a_mistake() -> None:
    mistake = codecs()[MSGPACK].decode(msgspec.msgpack.encode({1: 2, "id": 3}), is_text=False)
    assert isinstance(mistake, Mistake)

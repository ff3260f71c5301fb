"""The AsyncAPI document is whole, and says what the messages are."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import msgspec
import pytest

from server.live.asyncapi import asyncapi
from server.live.messages import CLIENT_MESSAGES, SERVER_MESSAGES, Ok, Renew
from server.settings import Config

DOCUMENT = asyncapi(Config())


def references(value: Any) -> list[str]:
    match value:
        case {"$ref": str(target)}:
            return [target]
        case dict():
            return [one for item in value.values() for one in references(item)]
        case list():
            return [one for item in value for one in references(item)]
        case _:
            return []


def found(target: str) -> Any:
    value: Any = DOCUMENT
    for step in target.removeprefix("#/").split("/"):
        value = value[step.replace("~1", "/").replace("~0", "~")]
    return value


def test_every_reference_leads_somewhere_and_the_document_is_json() -> None:
    assert references(DOCUMENT)
    for target in references(DOCUMENT):
        found(target)
    text = msgspec.json.encode(DOCUMENT)
    assert msgspec.json.encode(msgspec.json.decode(text)) == text


def test_every_message_is_there_in_its_direction() -> None:
    for operation, kinds in (("fromApp", CLIENT_MESSAGES), ("toApp", SERVER_MESSAGES)):
        named = [one["$ref"].rpartition("/")[2] for one in DOCUMENT["operations"][operation]["messages"]]
        assert named == [kind.__struct_config__.tag for kind in kinds]


@pytest.mark.parametrize(
    ("name", "message", "fits"),
    [
        ("hello", {"type": "hello", "token": "t", "later": 1}, True),
        ("subscribe", {"type": "subscribe", "id": 1, "container": "home"}, True),
        ("subscribe", {"type": "subscribe", "container": "home"}, False),
        ("act", {"type": "act", "id": 1, "key": "k", "card": "c", "action": "snooze", "for": "P1D"}, True),
        ("act", {"type": "act", "id": 1, "key": "k", "card": "c", "action": "eat"}, False),
        ("renew", msgspec.to_builtins(Renew()), True),
        ("ok", msgspec.to_builtins(Ok(id=1)), True),
    ],
)
def test_schemas_fit_the_messages(name: str, message: dict[str, Any], fits: bool) -> None:
    payload = DOCUMENT["components"]["messages"][name]["payload"]
    validator = jsonschema_rs.validator_for({**payload, "components": DOCUMENT["components"]})
    assert validator.is_valid(message) is fits


def test_bounds_of_this_server_are_in_it() -> None:
    text = DOCUMENT["info"]["description"]
    for bound in ("1048576 bytes", "50 actions", "20 connections", "32 containers", "`4401`", "`1009`"):
        assert bound in text

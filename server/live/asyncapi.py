"""The AsyncAPI 3 document of the live protocol, made from the types that the messages are."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from rules.json_schemas import schemas_of
from server.errors import ERRORS
from server.settings import Config

from .codec import JSON, MSGPACK
from .messages import CLIENT_MESSAGES, SERVER_MESSAGES
from .protocol import CLOSES

ADDRESS: Final = "/v1/live"
REF: Final = "#/components/schemas/{name}"


def asyncapi(config: Config) -> dict[str, Any]:
    """The document for a server with these settings; its bounds are in it."""
    schemas, components = schemas_of([*CLIENT_MESSAGES, *SERVER_MESSAGES], ref_template=REF)
    kinds: tuple[type[msgspec.Struct], ...] = (*CLIENT_MESSAGES, *SERVER_MESSAGES)
    names = [_name(kind) for kind in kinds]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Flowdeck live protocol",
            "version": "1",
            "description": _description(config),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": ADDRESS,
                "description": "One WebSocket of one app.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
                "bindings": {"ws": {"method": "GET", "headers": _handshake(), "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "fromApp": _operation("receive", CLIENT_MESSAGES),
            "toApp": _operation("send", SERVER_MESSAGES),
        },
        "components": {
            "messages": {
                name: _message(kind, schema) for name, kind, schema in zip(names, kinds, schemas, strict=True)
            },
            "schemas": components,
        },
    }


def _description(config: Config) -> str:
    live = config.live
    closes = sorted({(ERRORS[code].close_code or 0, ERRORS[code].title) for code in CLOSES.values()})
    codes = "\n".join(f"- `{number}`: {title}" for number, title in closes)
    return (
        f"Subprotocols `{JSON}` (text frames) and `{MSGPACK}` (binary frames); the first known is taken.\n\n"
        f"Bounds: {live.frame_bytes_max} bytes a frame from the app, {live.actions_per_s} actions a second, "
        f"{live.connections_per_customer} connections a customer, {live.containers_per_connection} "
        f"containers a connection; a hello within {live.hello_s} s.\n\nClose codes:\n\n{codes}\n"
        "- `1009`: A frame is too large"
    )


def _handshake() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "Sec-WebSocket-Protocol": {"type": "string", "enum": [JSON, MSGPACK]},
            "Authorization": {"type": "string", "description": "The token, if hello has none."},
        },
        "required": ["Sec-WebSocket-Protocol"],
    }


def _operation(action: str, kinds: tuple[type[msgspec.Struct], ...]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/live"},
        "messages": [{"$ref": f"#/channels/live/messages/{_name(kind)}"} for kind in kinds],
    }


def _message(kind: type[msgspec.Struct], schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": _name(kind), "summary": " ".join((kind.__doc__ or "").split()), "payload": schema}


def _name(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)

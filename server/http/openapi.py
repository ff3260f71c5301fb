"""The OpenAPI 3.1 document, generated from the route table and the types that check the requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from rules.json_schemas import schemas_of
from server.errors import ERRORS, ErrorCode, FieldError

from .bodies import JSON, MSGPACK
from .routes import Route

Document: TypeAlias = dict[str, Any]
REF: Final = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_SECURITY: Final[Mapping[str, list[dict[str, list[str]]]]] = {
    "public": [],
    "backend": [{"api_key": []}],
    "app": [{"customer_token": []}],
}
_ALWAYS: Final[Mapping[str, tuple[ErrorCode, ...]]] = {
    "public": (),
    "backend": ("unauthorized", "forbidden", "rate_limited"),
    "app": ("unauthorized", "rate_limited"),
}


class Problem(msgspec.Struct, kw_only=True):
    """An error (RFC 9457). `errors` says where the input is wrong."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: Sequence[FieldError] = ()


def document(routes: Sequence[Route], *, version: str) -> Document:
    """The whole document; its routes in the order of the table."""
    types = [
        kind
        for route in routes
        for kind in (route.body, route.raw_body, route.query, route.answer, route.preview)
        if kind
    ]
    schemas, components = schemas_of([*types, Problem], ref_template=REF)
    by_type = dict(zip(map(repr, [*types, Problem]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route, by_type, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Flowdeck",
            "version": version,
            "description": "What to show or send one customer, when, and what to do with the answer.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "api_key": {"type": "http", "scheme": "bearer", "description": "An API key, fd_…"},
                "customer_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def operation(route: Route, by_type: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{route.handle.__module__.rpartition('.')[2]}_{route.handle.__name__}",
        "summary": route.summary,
        "tags": [route.tag],
        "security": _SECURITY[route.audience],
        "parameters": [*path_parameters(route), *query_parameters(route, by_type, components)],
        "responses": responses(route, by_type),
    }
    if route.roles:
        names = " or ".join(f"`{role}`" for role in route.roles)
        described["description"] = f"Needs an API key with the role {names}."
    if route.idempotent:
        described["parameters"].append(IDEMPOTENCY)
    if route.if_match is not None:
        described["parameters"].append({**IF_MATCH, "required": route.if_match == "required"})
    body = request_body(route, by_type)
    if body is not None:
        described["requestBody"] = {"required": route.body_default is None, "content": body}
    return described


IDEMPOTENCY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key gives the same answer for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}


IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of the draft that was edited; * is any.",
    "schema": {"type": "string", "minLength": 1},
}


def path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(route.path)
    ]


def query_parameters(
    route: Route, by_type: Mapping[str, Any], components: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = components[by_type[repr(route.query)]["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": without_null(kind)}
        for name, kind in schema["properties"].items()
    ]


def without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A query parameter is there or not; null is no value of it."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return (
        {**rest, **choices[0]} if len(choices) == 1 else {**rest, **({"anyOf": choices} if choices else {})}
    )


def request_body(route: Route, by_type: Mapping[str, Any]) -> dict[str, Any] | None:
    if route.body is not None:
        schema = by_type[repr(route.body)]
        return {JSON: {"schema": schema}, MSGPACK: {"schema": schema}}
    if not route.raw_types:
        return None
    shape = by_type[repr(route.raw_body)] if route.raw_body is not None else {}
    return {kind: {"schema": shape if kind in (JSON, MSGPACK) else {}} for kind in route.raw_types}


def responses(route: Route, by_type: Mapping[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {str(route.status): {"description": "Done", **content(route, by_type)}}
    if route.preview is not None:
        answers["200"] = previewed(route, by_type)
    if route.other_status is not None:
        answers[str(route.other_status)] = {"description": "Not now", **content(route, by_type)}
    codes: Iterable[ErrorCode] = (*_ALWAYS[route.audience], *route.codes, *checked_codes(route))
    by_status: dict[int, list[ErrorCode]] = {}
    for code in codes:
        known = by_status.setdefault(ERRORS[code].status, [])
        if code not in known:
            known.append(code)
    for status, named in sorted(by_status.items()):
        answers[str(status)] = {
            "description": "; ".join(f"`{code}`: {ERRORS[code].title}" for code in named),
            "content": {"application/problem+json": {"schema": by_type[repr(Problem)]}},
        }
    return answers


def previewed(route: Route, by_type: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with 200, which the call itself may have as well."""
    schema = by_type[repr(route.preview)]
    if route.status == 200:
        return {
            "description": "Done, or what it would do",
            **content_of({"anyOf": [by_type[repr(route.answer)], schema]}),
        }
    return {"description": "What it would do", **content_of(schema)}


def checked_codes(route: Route) -> tuple[ErrorCode, ...]:
    """What can be wrong with any body, and with any query."""
    if route.body is not None or route.raw_types:
        return ("bad_request", "invalid", "unsupported_type", "too_large")
    return ("invalid",)


def content(route: Route, by_type: Mapping[str, Any]) -> dict[str, Any]:
    if route.answer is None:
        return {"content": {route.answer_type: {}}}
    return content_of(by_type[repr(route.answer)])


def content_of(schema: Any) -> dict[str, Any]:
    return {"content": {JSON: {"schema": schema}, MSGPACK: {"schema": schema}}}

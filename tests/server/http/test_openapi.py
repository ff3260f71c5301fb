"""The OpenAPI document: valid, whole, and true to the table of routes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from server.http.application import ROUTES
from server.http.openapi import document


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The document as a client reads it."""
    return msgspec.json.decode(msgspec.json.encode(document(ROUTES, version="1")), type=dict[str, Any])


def test_document_is_openapi_3_1(described: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(described).validate()


def test_every_route_is_in_it_once(described: dict[str, Any]) -> None:
    there = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert there == {(route.path, route.method.lower()) for route in ROUTES}
    assert len(there) == len(ROUTES)


def test_operation_ids_are_unique(described: dict[str, Any]) -> None:
    ids = [
        operation["operationId"] for methods in described["paths"].values() for operation in methods.values()
    ]
    assert len(set(ids)) == len(ids)


def test_roles_and_credentials_are_told(described: dict[str, Any]) -> None:
    publish = described["paths"]["/v1/flows/{flow}/publish"]["post"]
    assert "operate" in publish["description"]
    assert publish["security"] == [{"api_key": []}]
    assert described["paths"]["/v1/me"]["get"]["security"] == [{"customer_token": []}]
    assert described["paths"]["/healthz"]["get"]["security"] == []


@pytest.mark.parametrize(
    ("path", "schemas"),
    [
        ("/v1/instances/retry", {"200": ["InstancesPreview"], "202": ["JobItem"]}),
        ("/v1/instances/{instance}/migrate", {"200": ["InstanceItem", "MovePreview"]}),
    ],
)
def test_previews_are_told_beside_answers(
    described: dict[str, Any], path: str, schemas: dict[str, list[str]]
) -> None:
    def named(answer: dict[str, Any]) -> list[str]:
        schema = answer["content"]["application/json"]["schema"]
        return [one["$ref"].rpartition("/")[2] for one in schema.get("anyOf", [schema])]

    answers = described["paths"][path]["post"]["responses"]
    assert {status: named(answer) for status, answer in answers.items() if status < "300"} == schemas


def test_preconditions_and_keys_are_parameters(described: dict[str, Any]) -> None:
    def headers(path: str, method: str) -> set[str]:
        parameters = described["paths"][path][method]["parameters"]
        return {one["name"] for one in parameters if one["in"] == "header"}

    assert headers("/v1/flows/{flow}/draft", "put") == {"If-Match"}
    assert headers("/v1/flows/{flow}/publish", "post") == {"If-Match", "Idempotency-Key"}
    assert headers("/v1/flows", "post") == {"Idempotency-Key"}

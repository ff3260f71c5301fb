"""Every operation of the OpenAPI document, called with what fits it and with what does not.

No call may fail on our side, and every answer is one that the document promises.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, TypeAlias

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.http.application import ROUTES
from server.http.openapi import document
from server.settings import Api, Config
from tests.server.http.kit import Server, serving

Operation: TypeAlias = schemathesis.APIOperation[Any, Any, Any, Any]
Case: TypeAlias = schemathesis.Case[Any]

EXAMPLES = 6
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PATIENT_S = 30
MAY_BE_BUSY = "GET /readyz"
"""Says so with a 503 when the machine is: that is no error of the server."""


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """A server on a loop of its own: the calls block."""
    started: Future[tuple[Server, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        stopping = asyncio.Event()
        # A poll that waits would make every example last.
        async with serving(Config(api=Api(poll_s_max=1, app_requests_per_s=10_000))) as server:
            await server.publish()
            started.set_result((server, asyncio.get_running_loop(), stopping))
            await stopping.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    server, loop, stopping = started.result(PATIENT_S)
    yield server
    loop.call_soon_threadsafe(stopping.set)
    thread.join(PATIENT_S)


def operations() -> list[Operation]:
    # As a client would read it: plain JSON.
    plain = msgspec.json.decode(msgspec.json.encode(document(ROUTES, version="1")))
    found = schemathesis.openapi.from_dict(plain).get_all_operations()
    return [one.ok() for one in found if isinstance(one, Ok)]


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.label)
def test_operation(operation: Operation, mode: GenerationMode, running: Server) -> None:
    is_app = ("customer_token",) in [tuple(one) for one in operation.definition.raw.get("security", [])]
    secret = running.token("c-1") if is_app else running.keys["admin"]
    checks = [one for one in CHECKS if one is not not_a_server_error or operation.label != MAY_BE_BUSY]

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Case) -> None:
        answer = case.call(base_url=running.url, headers={"Authorization": f"Bearer {secret}"})
        case.validate_response(answer, checks=checks)

    # Where nothing is sent, nothing can be sent wrongly.
    with contextlib.suppress(Unsatisfiable):
        call()

"""What is said without credentials: health, readiness, version, metrics, schemas, problems, the documents."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.commands import Phase
from rules.documents.schema import flow_schema, flow_test_schema, project_schema
from server.errors import ERRORS, ApiError
from server.live.asyncapi import asyncapi

from . import docs_page
from .parts import DOCS, OPENAPI, Parts
from .routes import Answer, Call, Route

TAG = "System"
AGAIN_SOON: Final = {"Retry-After": "1"}
LAG_S_MAX: Final = 1.0
"""How late the loop may be before others should get the work."""
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    status: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` says why the server is not ready."""

    ready: bool
    phase: str
    reason: str = ""


async def healthz(_: Call) -> Health:
    return Health(status="ok")


async def readyz(call: Call) -> Answer:
    """Recovered, the store keeps up, and so does the loop."""
    phase, reason = call.parts.engine.phase, not_ready_reason(call.parts)
    shown = Readiness(ready=not reason, phase=phase.value, reason=reason)
    return Answer(shown, status=503, headers=AGAIN_SOON) if reason else Answer(shown)


def not_ready_reason(parts: Parts) -> str:
    """Why no work should be sent here; "" if it should."""
    if parts.engine.phase is not Phase.READY:
        return f"the engine is {parts.engine.phase.value}"
    if not parts.engine.is_ready:
        return "a commit takes too long"
    if parts.meters.lag_s > LAG_S_MAX:
        return f"the loop is {parts.meters.lag_s:.1f} s late"
    return ""


async def version(call: Call) -> object:
    return call.parts.version


async def metrics(call: Call) -> Answer:
    return Answer(call.parts.meters.exposition(), content_type=METRICS_TYPE)


async def openapi(call: Call) -> object:
    return call.request.app[OPENAPI]


async def asyncapi_document(call: Call) -> object:
    return asyncapi(call.parts.config)


async def schema(_: Call) -> object:
    return flow_schema()


async def schema_of_tests(_: Call) -> object:
    return flow_test_schema()


async def schema_of_projects(_: Call) -> object:
    return project_schema()


async def docs(call: Call) -> Answer:
    return Answer(call.request.app[DOCS], headers=docs_page.HEADERS, content_type=docs_page.CONTENT_TYPE)


async def problem(call: Call) -> dict[str, Any]:
    """What a problem's `type` means."""
    code = call.path("code")
    if code not in ERRORS:
        raise ApiError("not_found", f"There is no problem {code[:64]!r}.")
    kind = ERRORS[code]  # type: ignore[index]
    return {"code": code, "title": kind.title, "status": kind.status, "retry": kind.retry}


def _route(path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(method="GET", path=path, handle=handle, summary=summary, tag=TAG, audience="public", **rest)


ROUTES = (
    _route("/healthz", healthz, "The process is alive", answer=Health),
    _route("/readyz", readyz, "The server takes work", answer=Readiness, other_status=503),
    _route("/version", version, "What runs here", answer=dict[str, Any]),
    _route("/metrics", metrics, "Prometheus metrics", answer_type=METRICS_TYPE),
    _route("/openapi.json", openapi, "This document", answer=dict[str, Any]),
    _route("/asyncapi.json", asyncapi_document, "The live protocol", answer=dict[str, Any]),
    _route("/schema/flow.json", schema, "JSON Schema of flow documents", answer=dict[str, Any]),
    _route("/schema/project.json", schema_of_projects, "JSON Schema of projects", answer=dict[str, Any]),
    _route("/schema/flow-test.json", schema_of_tests, "JSON Schema of flow tests", answer=dict[str, Any]),
    _route("/docs", docs, "The API, to read", answer_type="text/html"),
    _route(
        "/problems/{code}", problem, "What an error code means", answer=dict[str, Any], codes=("not_found",)
    ),
)

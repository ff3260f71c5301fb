"""JSON Schemas made from the types that do the work, so that they cannot drift: documents, rendered cards."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from ..cards.view_types import Rendered
from ..json_schemas import schema_of
from .flow import Flow
from .project import Project
from .script import FlowTest

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


@cache
def flow_schema() -> dict[str, Any]:
    """Of a flow document, for editors; served at `/schema/flow.json`. Do not change it."""
    return _schema(Flow, "A flow of Flowdeck")


@cache
def flow_test_schema() -> dict[str, Any]:
    """Of a flow test, for editors; served at `/schema/flow-test.json`. Do not change it."""
    return _schema(FlowTest, "A flow test of Flowdeck")


@cache
def project_schema() -> dict[str, Any]:
    """Of `flowdeck.yaml`, for editors; served at `/schema/project.json`. Do not change it."""
    return _schema(Project, "A project of Flowdeck")


@cache
def view_schema() -> dict[str, Any]:
    """Of what a card template renders to, for apps; kept in `protocol/schema/view.json`. Do not change it."""
    return _schema(Rendered, "A rendered card of Flowdeck")


def _schema(type: type[msgspec.Struct], title: str) -> dict[str, Any]:
    return {"$schema": _DIALECT, "title": title} | schema_of(type)

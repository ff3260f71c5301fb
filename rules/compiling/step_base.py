"""What every kind of step has, compiled."""

from __future__ import annotations

from typing import TypedDict

from .. import model


class Base(TypedDict):
    id: str
    name: str
    next: model.Next
    on_error: model.Next | None

"""Pages of lists: how many items, and where the next page begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from server.errors import ApiError, FieldError

from .routes import Call

T = TypeVar("T")


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every list takes."""

    limit: Annotated[int, Meta(ge=1)] | None = None
    cursor: str | None = None


def page_size(call: Call, limit: int | None) -> int:
    """What was asked for, within what is allowed."""
    api = call.parts.config.api
    if limit is None:
        return api.page_items
    if limit > api.page_items_max:
        message = f"A page has at most {api.page_items_max} items."
        raise ApiError(
            "invalid", message, errors=[FieldError(pointer="/query/limit", code="too_large", message=message)]
        )
    return limit


def page(
    rows: Sequence[T], cursor: str | None, limit: int, *, key: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """A page of a short list that is in memory anyway; the cursor is the key of the last item shown."""
    start = 0
    if cursor is not None:
        keys = [key(row) for row in rows]
        if cursor not in keys:
            raise bad_cursor()
        start = keys.index(cursor) + 1
    shown = rows[start : start + limit]
    return shown, key(shown[-1]) if start + limit < len(rows) else None


def bad_cursor() -> ApiError:
    message = "This cursor is not of this list, or no longer."
    return ApiError(
        "invalid", message, errors=[FieldError(pointer="/query/cursor", code="bad_cursor", message=message)]
    )


def row_cursor(cursor: str | None) -> str | None:
    """A cursor of a stored list: a row's number as text."""
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise bad_cursor()
    return cursor

"""The one table of error codes: what each means over HTTP and on a socket, and whether to try again.

Knows no transport: handlers turn an `ApiError` into an answer with `problem` and `headers`. Codes are part
of the public contract; a new one is a row in `ERRORS` and a name in `ErrorCode`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import msgspec

ErrorCode: TypeAlias = Literal[
    "bad_request",
    "unknown_type",
    "unauthorized",
    "forbidden",
    "not_allowed",
    "not_found",
    "method_not_allowed",
    "hello_timeout",
    "conflict",
    "key_exists",
    "card_closed",
    "card_changed",
    "precondition_failed",
    "too_large",
    "unsupported_type",
    "invalid",
    "invalid_values",
    "key_reused",
    "not_supported_yet",
    "precondition_required",
    "rate_limited",
    "too_many",
    "internal",
    "overloaded",
    "unknown_outcome",
    "going_away",
]


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """`close_code`: the code can end a socket. `retry`: the same call may succeed later, unchanged."""

    status: int
    title: str
    close_code: int | None = None
    retry: bool = False


ERRORS: Final[Mapping[ErrorCode, ErrorKind]] = {
    "bad_request": ErrorKind(400, "The request cannot be read", close_code=4400),
    "unknown_type": ErrorKind(400, "No message has this type"),
    "unauthorized": ErrorKind(401, "Credentials are missing or not accepted", close_code=4401),
    "forbidden": ErrorKind(403, "These credentials do not allow this"),
    "not_allowed": ErrorKind(403, "The card does not allow this action"),
    "not_found": ErrorKind(404, "There is no such thing"),
    "method_not_allowed": ErrorKind(405, "This address does not take this method"),
    "hello_timeout": ErrorKind(408, "No hello came in time", close_code=4408, retry=True),
    "conflict": ErrorKind(409, "It conflicts with what is stored"),
    "key_exists": ErrorKind(409, "The key is taken"),
    "card_closed": ErrorKind(409, "The card is closed"),
    "card_changed": ErrorKind(409, "The card has changed since it was shown"),
    "precondition_failed": ErrorKind(412, "It was changed in the meantime"),
    "too_large": ErrorKind(413, "It is too large", close_code=1009),
    "unsupported_type": ErrorKind(415, "This content type is not understood"),
    "invalid": ErrorKind(422, "Well formed, but wrong"),
    "invalid_values": ErrorKind(422, "Some of the submitted values are wrong"),
    "key_reused": ErrorKind(422, "The key was used for another request"),
    "not_supported_yet": ErrorKind(422, "This server does not support it yet"),
    "precondition_required": ErrorKind(428, "If-Match is required here"),
    "rate_limited": ErrorKind(429, "Too many requests", retry=True),
    "too_many": ErrorKind(429, "Too many connections or messages", close_code=4429, retry=True),
    "internal": ErrorKind(500, "The server failed", close_code=1011),
    "overloaded": ErrorKind(503, "The server is busy; nothing was stored", close_code=4503, retry=True),
    "unknown_outcome": ErrorKind(
        503, "It is not known whether it was stored; send it again with the same id", retry=True
    ),
    "going_away": ErrorKind(503, "The server is going away", close_code=1001, retry=True),
}

RETRY_AFTER_S_DEFAULT = 1
CHALLENGE = 'Bearer realm="flowdeck"'


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong in the input: where (a JSON pointer), which rule, and what to do."""

    pointer: str
    code: str
    message: str


class ApiError(Exception):
    """Ends a call with an error of the table. `members` stand beside the standard ones: the card, say."""

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        members: Mapping[str, object] | None = None,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.kind = ERRORS[code]
        self.code: ErrorCode = code
        self.detail = detail
        self.errors = tuple(errors)
        self.members = dict(members or {})
        self.headers = {**_standard_headers(self.kind, retry_after_s), **(headers or {})}

    def problem(self) -> dict[str, object]:
        return problem(self.code, self.detail, errors=self.errors, members=self.members)


def problem(
    code: ErrorCode,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    members: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The body of an error answer: RFC 9457, with our `code` and, for bad input, where it is wrong."""
    kind = ERRORS[code]
    body: dict[str, object] = {
        **(members or {}),
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return body


def _standard_headers(kind: ErrorKind, retry_after_s: float | None) -> dict[str, str]:
    if kind.status in (429, 503):
        # Whole seconds, rounded up: a client that obeys must not come too early.
        return {
            "Retry-After": str(math.ceil(RETRY_AFTER_S_DEFAULT if retry_after_s is None else retry_after_s))
        }
    return {"WWW-Authenticate": CHALLENGE} if kind.status == 401 else {}

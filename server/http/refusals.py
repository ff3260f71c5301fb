"""From what the engine refuses to what the caller is told: one place where its codes meet ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar, cast

import msgspec

from actors.commands import Refused
from rules.documents.problems import Problem, Severity
from server.errors import ERRORS, ApiError, ErrorCode, FieldError

T = TypeVar("T")
MALFORMED: Final = frozenset({"bad_yaml", "bad_json"})
"""Problems of a text that is no document at all."""


def unwrap(result: T | Refused) -> T:
    """The result, or the refusal as an error."""
    if isinstance(result, Refused):
        raise refused(result)
    return result


def refused(refusal: Refused) -> ApiError:
    code = cast("ErrorCode", refusal.code) if refusal.code in ERRORS else "invalid"
    members: dict[str, object] = {} if code == refusal.code else {"reason": refusal.code}
    if refusal.problems:
        return document_error(refusal.problems, refusal.reason)
    return ApiError(code, refusal.reason, errors=fields(refusal.errors), members=members)


def fields(errors: Sequence[Mapping[str, str]]) -> list[FieldError]:
    return [FieldError(pointer=e["pointer"], code=e["code"], message=e["message"]) for e in errors]


def document_error(problems: Sequence[Problem], detail: str) -> ApiError:
    """A document that is refused: its errors with pointer, line and column."""
    wrong = [problem for problem in problems if problem.severity is Severity.ERROR]
    codes = {problem.code for problem in wrong}
    code: ErrorCode = "not_supported_yet" if "not_supported_yet" in codes else "invalid"
    if not codes.isdisjoint(MALFORMED):
        code = "bad_request"
    return ApiError(
        code,
        detail,
        members={"errors": [msgspec.structs.asdict(problem) for problem in wrong]},
    )

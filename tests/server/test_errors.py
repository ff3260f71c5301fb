"""The table of codes holds what the contract pages promise."""

from __future__ import annotations

from typing import get_args

import pytest

from server.errors import ERRORS, ApiError, ErrorCode, FieldError, problem


def test_every_code_has_a_row_and_every_row_a_code() -> None:
    assert set(get_args(ErrorCode)) == set(ERRORS)


@pytest.mark.parametrize(
    ("code", "status", "close_code", "retry"),
    [
        ("bad_request", 400, 4400, False),
        ("unauthorized", 401, 4401, False),
        ("hello_timeout", 408, 4408, True),
        ("card_closed", 409, None, False),
        ("card_changed", 409, None, False),
        ("precondition_failed", 412, None, False),
        ("too_large", 413, 1009, False),
        ("unsupported_type", 415, None, False),
        ("invalid_values", 422, None, False),
        ("key_reused", 422, None, False),
        ("too_many", 429, 4429, True),
        ("overloaded", 503, 4503, True),
        ("unknown_outcome", 503, None, True),
        ("going_away", 503, 1001, True),
    ],
)
def test_codes_mean_what_the_contract_says(
    code: ErrorCode, status: int, close_code: int | None, retry: bool
) -> None:
    kind = ERRORS[code]
    assert (kind.status, kind.close_code, kind.retry) == (status, close_code, retry)


def test_no_two_codes_close_a_socket_alike() -> None:
    close_codes = [kind.close_code for kind in ERRORS.values() if kind.close_code is not None]
    assert len(close_codes) == len(set(close_codes))


def test_problem_has_the_members_of_rfc_9457_and_ours() -> None:
    wrong = FieldError(pointer="/name", code="required", message="name is missing")
    body = problem("invalid", "The event is wrong.", errors=[wrong], members={"card": {"id": "c"}})
    assert body == {
        "type": "/problems/invalid",
        "title": "Well formed, but wrong",
        "status": 422,
        "code": "invalid",
        "detail": "The event is wrong.",
        "errors": [wrong],
        "card": {"id": "c"},
    }


def test_error_gives_its_own_problem() -> None:
    error = ApiError("card_closed", "It is closed.", members={"card": {"id": "c"}})
    assert error.problem() == problem("card_closed", "It is closed.", members={"card": {"id": "c"}})
    assert error.kind.status == 409


def test_extra_members_cannot_displace_the_standard_ones() -> None:
    assert problem("not_found", "No such card.", members={"status": 200})["status"] == 404


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (ApiError("rate_limited", "Slow down.", retry_after_s=0.2), {"Retry-After": "1"}),
        (ApiError("overloaded", "Busy."), {"Retry-After": "1"}),
        (ApiError("unknown_outcome", "?", retry_after_s=2.0), {"Retry-After": "2"}),
        (ApiError("unauthorized", "No."), {"WWW-Authenticate": 'Bearer realm="flowdeck"'}),
        (ApiError("not_found", "No."), {}),
        (ApiError("method_not_allowed", "No.", headers={"Allow": "GET"}), {"Allow": "GET"}),
    ],
)
def test_errors_bring_the_headers_that_their_status_needs(error: ApiError, headers: dict[str, str]) -> None:
    assert error.headers == headers

"""Access tokens for backends whose tools want OAuth 2.0: the client-credentials grant (RFC 6749 §4.4).

The client id is the id of an API key, the client secret its text.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from server.auth.access import AccessToken
from server.auth.callers import Refused
from server.errors import ApiError

from . import bodies, callers
from .routes import Answer, Call, Route

FORM: Final = "application/x-www-form-urlencoded"
FORM_BYTES_MAX: Final = 4_096
FORM_FIELDS_MAX: Final = 16
BASIC: Final = "basic "
MS_PER_S: Final = 1_000


class TokenForm(msgspec.Struct, frozen=True, kw_only=True):
    """A token request. `client_id` and `client_secret` may come as HTTP Basic credentials instead."""

    grant_type: str
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`scope` holds the roles of the token."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


async def token(call: Call) -> Answer:
    form = await read_form(call)
    if form.grant_type != "client_credentials":
        raise refused("unsupported_grant_type", "Only client_credentials is understood.")
    client_id, secret = basic_credentials(call) or (form.client_id, form.client_secret)
    issued = call.parts.backends.issue(client_id, secret, form.scope)
    if isinstance(issued, Refused):
        try:
            callers.turned_away(call.request, call.parts, issued)
        except ApiError as error:
            error.members["error"] = "invalid_client"
            raise
    return Answer(answer_of(issued, call.parts.clock.now()))


async def read_form(call: Call) -> TokenForm:
    if bodies.media_type(call.request.headers) != FORM:
        raise bodies.unsupported((FORM,))
    raw = await bodies.read(call.request, bytes_max=FORM_BYTES_MAX)
    try:
        fields = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
        return msgspec.convert(dict(fields), TokenForm)
    except (ValueError, UnicodeDecodeError) as error:
        raise refused("invalid_request", f"The form cannot be read: {error}.") from None


def basic_credentials(call: Call) -> tuple[str, str] | None:
    """RFC 6749 §2.3.1: both are form-encoded before they are joined."""
    given = call.request.headers.get("Authorization", "")
    if given[: len(BASIC)].lower() != BASIC:
        return None
    try:
        text = base64.b64decode(given[len(BASIC) :].strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise refused("invalid_request", "The Authorization header cannot be read.") from None
    client_id, _, secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def answer_of(issued: AccessToken, now: int) -> TokenAnswer:
    return TokenAnswer(
        access_token=issued.text,
        token_type="Bearer",  # noqa: S106 - the name of a scheme
        expires_in=(issued.expires_at - now) // MS_PER_S,
        scope=" ".join(sorted(issued.roles)),
    )


def refused(error: str, detail: str) -> ApiError:
    """A problem that OAuth clients understand as well: they look at `error`."""
    return ApiError("bad_request", detail, members={"error": error})


ROUTES = (
    Route(
        method="POST",
        path="/v1/oauth/token",
        handle=token,
        summary="Exchange an API key for an access token",
        tag="Access",
        audience="public",
        raw_types=(FORM,),
        raw_body=TokenForm,
        answer=TokenAnswer,
        codes=("unauthorized", "rate_limited"),
    ),
)

"""Who sends a webhook: Standard Webhooks, HMAC, bearer and basic, held against a credential of the server.

A signature covers the raw body, and with a time stamp also when it was made: at most five minutes ago.
Comparisons take the same time whatever differs.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta
from standardwebhooks import Webhook

TOLERANCE_S: Final = 300
"""How old a signature may be, and how far ahead its maker's clock (HTTP API, "Events and starts")."""
SECRET_CHARS_MAX: Final = 4_096

Secret = Annotated[str, Meta(min_length=8, max_length=SECRET_CHARS_MAX)]
HeaderName = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9-]+$")]


class _Credential(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    description: Annotated[str, Meta(max_length=200)] = ""


class StandardWebhooks(_Credential, frozen=True, kw_only=True, tag="standard_webhooks"):
    """`secret` is base64, with or without `whsec_`."""

    secret: Secret


class Hmac(_Credential, frozen=True, kw_only=True, tag="hmac"):
    """`header` has the signature, after `prefix`; with `timestamp_header` it covers `time.body`."""

    secret: Secret
    header: HeaderName = "x-signature"
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: Annotated[str, Meta(max_length=32)] = ""
    timestamp_header: HeaderName | None = None


class Bearer(_Credential, frozen=True, kw_only=True, tag="bearer"):
    secret: Secret


class Basic(_Credential, frozen=True, kw_only=True, tag="basic"):
    username: Annotated[str, Meta(min_length=1, max_length=256)]
    secret: Secret


Credential: TypeAlias = StandardWebhooks | Hmac | Bearer | Basic


def is_genuine(credential: Credential, headers: Mapping[str, str], body: bytes, *, now_s: float) -> bool:
    """Whether who holds the secret sent this. Header names in lower case."""
    match credential:
        case StandardWebhooks():
            return _is_standard(credential, headers, body, now_s)
        case Hmac():
            return _is_signed(credential, headers, body, now_s)
        case Bearer():
            return _is_equal(headers.get("authorization", ""), f"Bearer {credential.secret}")
        case Basic():
            pair = f"{credential.username}:{credential.secret}".encode()
            return _is_equal(headers.get("authorization", ""), f"Basic {base64.b64encode(pair).decode()}")


def _is_standard(credential: StandardWebhooks, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    # The library checks the signature; the time is held against our clock here, not against its own.
    if not _is_fresh(headers.get("webhook-timestamp"), now_s):
        return False
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)
    try:
        signed = Webhook(credential.secret).sign(headers.get("webhook-id", ""), at, body.decode())
    except ValueError:  # a body that is no text, a secret that is no base64
        return False
    given = headers.get("webhook-signature", "").split()
    return any([_is_equal(one, signed) for one in given])


def _is_signed(credential: Hmac, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    covered = body
    if credential.timestamp_header is not None:
        stamp = headers.get(credential.timestamp_header.lower())
        if stamp is None or not _is_fresh(stamp, now_s):
            return False
        covered = stamp.encode() + b"." + body
    made = hmac.new(credential.secret.encode(), covered, credential.algorithm).digest()
    text = made.hex() if credential.encoding == "hex" else base64.b64encode(made).decode()
    return _is_equal(headers.get(credential.header.lower(), ""), credential.prefix + text)


def _is_fresh(stamp: str | None, now_s: float) -> bool:
    """Seconds since the epoch, at most so far from now."""
    if stamp is None or not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 12:
        return False
    return abs(int(stamp) - now_s) <= TOLERANCE_S


def _is_equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())

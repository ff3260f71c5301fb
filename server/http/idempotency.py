"""`Idempotency-Key`: who used it, and a digest of what was asked: a repeat can be told from a misuse."""

from __future__ import annotations

from actors.commands import Idempotency
from actors.dedupe import digest_of
from server.errors import ApiError

from .routes import Call

KEY_CHARACTERS_MAX = 128


def key_of(call: Call, body: object) -> Idempotency | None:
    """The key within the caller's own space, or None if the call brings none."""
    key = call.request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= KEY_CHARACTERS_MAX or not key.isascii() or not key.isprintable():
        raise ApiError(
            "bad_request", f"An Idempotency-Key has 1 to {KEY_CHARACTERS_MAX} printable ASCII characters."
        )
    asked = (call.request.method, call.request.path, body)
    return Idempotency(client=call.client, key=key, digest=digest_of(asked))

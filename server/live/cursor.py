"""How far an app has come in a container, as text that only this store can read.

A cursor stands for (epoch of the store, customer, container and its membership, position). It holds the
position and a keyed digest of it all: whatever does not fit – another epoch, customer, membership, a changed
character – is no cursor, and its app gets the whole feed anew. There is nothing in it to learn and nothing to
gain by changing it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from .containers import Container

SEQ_BYTES: Final = 6
DIGEST_BYTES: Final = 12
CURSOR_CHARACTERS: Final = 32
"""Two seqs and 96 bits of digest are 24 bytes, which need no padding."""


@dataclass(frozen=True, slots=True)
class Position:
    """Everything up to `seq` is known. Within a reset `whole_to` is the seq at which it began; else 0."""

    seq: int
    whole_to: int = 0


class Cursors:
    """Writes and reads the cursors of one store. `epoch` is new when a store is created or restored."""

    def __init__(self, epoch: str) -> None:
        self._key = blake2b(epoch.encode(), digest_size=32).digest()

    def write(self, customer: str, container: Container, position: Position) -> str:
        numbers = position.seq.to_bytes(SEQ_BYTES, "big") + position.whole_to.to_bytes(SEQ_BYTES, "big")
        return urlsafe_b64encode(numbers + self._digest(customer, container, numbers)).decode("ascii")

    def read(self, text: str | None, customer: str, container: Container) -> Position | None:
        """The position, or None for anything that is not this customer's cursor of this container."""
        if text is None or len(text) != CURSOR_CHARACTERS or not text.isascii():
            return None
        try:
            raw = urlsafe_b64decode(text)
        except ValueError:
            return None
        numbers, digest = raw[: 2 * SEQ_BYTES], raw[2 * SEQ_BYTES :]
        if not compare_digest(digest, self._digest(customer, container, numbers)):
            return None
        seq, whole_to = numbers[:SEQ_BYTES], numbers[SEQ_BYTES:]
        return Position(int.from_bytes(seq, "big"), int.from_bytes(whole_to, "big"))

    def _digest(self, customer: str, container: Container, numbers: bytes) -> bytes:
        # A customer's id is printable: the zero byte ends it, so that no two pairs look alike.
        what = b"%b\0%b\0%b" % (customer.encode(), container.membership, numbers)
        return blake2b(what, digest_size=DIGEST_BYTES, key=self._key).digest()

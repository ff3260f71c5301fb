"""Ids: UUIDv7 text made from the time and the seed of a turn, so that a replay gives the same bytes."""

from hashlib import blake2b

_SHARE_BYTES = 8
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_RAND_A = 0xFFF << 64
_RAND_B = (1 << 62) - 1


def make_id(now: int, seed: str, n: int) -> str:
    """The `n`-th id of the turn with this `seed` at `now` (ms); sorts by time, then by chance."""
    assert 0 <= now < 1 << 48, "UUIDv7 holds 48 bits of milliseconds"
    digest = blake2b(f"{n}:{seed}".encode(), digest_size=10).digest()
    chance = int.from_bytes(digest, "big")
    value = now << 80 | _VERSION_7 | chance & _RAND_A | _VARIANT | chance & _RAND_B
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def share(key: str) -> float:
    """Where in [0, 1) the key falls, the same for ever: what splits, and chances of a turn, go by."""
    digest = blake2b(key.encode(), digest_size=_SHARE_BYTES).digest()
    # 53 bits are what a double holds exactly.
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)

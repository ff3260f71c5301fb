"""App keys: what verifies the tokens of one app's customers, parsed once from their stored rows.

Nothing here is decided by a token: the algorithm belongs to the key, so that a token can neither choose a
weaker one nor pass a public key off as a shared secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidKeyError
from yarl import URL

from rules.customers.profile import can_be_claimed

from ..addresses import is_loopback
from .rows import Algorithm, AppKeyRow

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# RFC 7518 §3.2: a shared secret as long as the hash. §3.3: RSA from 2,048 bits; above 8,192 verifying gets
# slow.
SECRET_BYTES_MIN = 32
SECRET_BYTES_MAX = 1_024
RSA_BITS_MIN = 2_048
RSA_BITS_MAX = 8_192
PEM_BYTES_MAX = 16_384
URL_CHARACTERS_MAX = 2_048
CLAIMS_MAX = 32
ISSUERS_MAX = 16
MAX_AGE_S_MAX = 366 * 24 * 3600

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class AppKeyError(Exception):
    """An app key that cannot be used: which field, and what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """One key, bound to its one algorithm; `id` is its `kid` in a JWKS document."""

    algorithm: Algorithm
    key: PublicKey | bytes
    id: str | None = None

    def __repr__(self) -> str:
        return f"VerifyingKey(algorithm={self.algorithm!r}, id={self.id!r})"


@dataclass(frozen=True, slots=True)
class AppKey:
    """A row and the keys that it stands for: one, or those of its JWKS document when last fetched."""

    row: AppKeyRow
    keys: tuple[VerifyingKey, ...]


class AppKeyRing:
    """The app keys in memory. `generation` rises with every change: then verdicts are to be forgotten."""

    def __init__(self, rows: Iterable[AppKeyRow] = ()) -> None:
        self._apps: dict[str, AppKey] = {}
        self.generation = 0
        self.replace(rows)

    def replace(self, rows: Iterable[AppKeyRow]) -> None:
        """Take the store's present rows, at once. An AppKeyError changes nothing."""
        fetched = {app.row.material: app.keys for app in self._apps.values() if app.row.kind == "JWKS"}
        self._apps = {row.name: _loaded(row, fetched) for row in rows}
        self.generation += 1

    def set_fetched(self, address: str, keys: tuple[VerifyingKey, ...]) -> None:
        """Give the keys of a JWKS document to every app key that names its address."""
        for name, app in self._apps.items():
            if app.row.kind == "JWKS" and app.row.material == address and app.keys != keys:
                self._apps[name] = replace(app, keys=keys)
                self.generation += 1

    def addresses(self) -> set[str]:
        """The JWKS documents that are to be fetched."""
        return {app.row.material for app in self._apps.values() if app.row.kind == "JWKS"}

    def candidates(self, algorithm: object, kid: str | None) -> Iterator[tuple[AppKeyRow, VerifyingKey]]:
        """The keys that may verify such a token. `kid` names an app key, or a key within a JWKS document."""
        for app in self._apps.values():
            named = kid is None or kid == app.row.name
            for key in app.keys:
                if key.algorithm == algorithm and (named or key.id == kid):
                    yield app.row, key


def _loaded(row: AppKeyRow, fetched: Mapping[str, tuple[VerifyingKey, ...]]) -> AppKey:
    keys = check_app_key(row)
    return AppKey(row, fetched.get(row.material, ()) if row.kind == "JWKS" else keys)


def check_app_key(row: AppKeyRow) -> tuple[VerifyingKey, ...]:
    """The keys of a row (none yet for a JWKS address); AppKeyError says what is wrong with it."""
    if not NAME_PATTERN.fullmatch(row.name):
        raise AppKeyError(
            "name", "use 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter or digit"
        )
    if not 0 < row.max_age_s <= MAX_AGE_S_MAX:
        raise AppKeyError("max_age", f"must be between 1 second and {MAX_AGE_S_MAX // 86_400} days")
    if not row.customer_claim:
        raise AppKeyError("customer_claim", "name the claim that holds the customer, such as sub")
    if len(row.claims) > CLAIMS_MAX:
        raise AppKeyError("claims", f"at most {CLAIMS_MAX} claims can be mapped")
    if len(row.issuers) > ISSUERS_MAX:
        raise AppKeyError("issuers", f"at most {ISSUERS_MAX} issuers can be listed")
    match row.kind:
        case "HS256":
            return (VerifyingKey("HS256", _secret(row.material)),)
        case "JWKS":
            check_jwks_address(row.material)
            return ()
        case _:
            return (_public_key(row.kind, row.material),)


def check_claims(row: AppKeyRow) -> None:
    """Only what a token may say of its customer is mapped. Asked of new rows: an old one keeps nobody out."""
    for field in row.claims.values():
        if not can_be_claimed(field):
            raise AppKeyError("claims", f"{field!r} is no field of a customer that a token may set")


def algorithm_of(pem: str) -> Algorithm:
    """The algorithm that a public key in PEM is for."""
    return algorithm_for(_load_pem(pem))


def algorithm_for(key: object) -> Algorithm:
    """The one algorithm of a key; AppKeyError if it is none of the kinds and sizes that we verify with."""
    match key:
        case RSAPublicKey():
            if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
                raise AppKeyError("key", f"an RSA key needs {RSA_BITS_MIN} to {RSA_BITS_MAX} bits")
            return "RS256"
        case EllipticCurvePublicKey(curve=SECP256R1()):
            return "ES256"
        case Ed25519PublicKey():
            return "EdDSA"
        case _:
            raise AppKeyError("key", "use a public key of RSA, elliptic curve P-256 or Ed25519")


def check_jwks_address(address: str) -> None:
    """Keys fetched over plain HTTP could be anybody's; only the machine itself is exempt."""
    try:
        url = URL(address)
    except ValueError as error:
        raise AppKeyError("jwks", "is not a URL") from error
    if len(address) > URL_CHARACTERS_MAX or url.host is None or url.user is not None:
        raise AppKeyError("jwks", "give an https URL without a user name in it")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise AppKeyError("jwks", "must be https, or http on the loopback")


def _secret(text: str) -> bytes:
    secret = text.encode()
    if not SECRET_BYTES_MIN <= len(secret) <= SECRET_BYTES_MAX:
        raise AppKeyError("hs256", f"the secret needs {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes")
    try:
        return HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
    except InvalidKeyError as error:
        raise AppKeyError(
            "hs256", "this is a public key or certificate, not a secret: use --public-key"
        ) from error


def _public_key(algorithm: Algorithm, pem: str) -> VerifyingKey:
    key = _load_pem(pem)
    if algorithm_for(key) != algorithm:
        raise AppKeyError("public_key", f"the key is for {algorithm_for(key)}, not for {algorithm}")
    return VerifyingKey(algorithm, key)


def _load_pem(pem: str) -> PublicKey:
    if "PRIVATE KEY" in pem:
        raise AppKeyError(
            "public_key", "this is a private key: keep it where tokens are signed, give the public one"
        )
    if len(pem) > PEM_BYTES_MAX:
        raise AppKeyError("public_key", f"has more than {PEM_BYTES_MAX} bytes")
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AppKeyError("public_key", "is not a public key in PEM (-----BEGIN PUBLIC KEY-----)") from error
    algorithm_for(key)
    assert isinstance(key, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey)
    return key

"""App keys are checked when they are registered, not when the first customer comes."""

from __future__ import annotations

import functools

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from server.auth.apps import AppKeyError, AppKeyRing, VerifyingKey, algorithm_of, check_app_key
from server.auth.rows import Algorithm, AppKeyRow

SECRET = "s" * 32


@functools.cache
def pem(kind: str) -> str:
    match kind:
        case "rsa":
            key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048).public_key()
        case "rsa-1024":
            key = rsa.generate_private_key(public_exponent=65_537, key_size=1_024).public_key()
        case "p256":
            return _text(ec.generate_private_key(ec.SECP256R1()).public_key())
        case "p384":
            return _text(ec.generate_private_key(ec.SECP384R1()).public_key())
        case "ed448":
            return _text(ed448.Ed448PrivateKey.generate().public_key())
        case "private":
            private = ed25519.Ed25519PrivateKey.generate()
            return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        case _:
            return _text(ed25519.Ed25519PrivateKey.generate().public_key())
    return _text(key)


def _text(
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey,
) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(("kind", "algorithm"), [("rsa", "RS256"), ("p256", "ES256"), ("ed25519", "EdDSA")])
def test_public_key_tells_its_algorithm(kind: str, algorithm: Algorithm) -> None:
    assert algorithm_of(pem(kind)) == algorithm
    (key,) = check_app_key(AppKeyRow(name="web", kind=algorithm, material=pem(kind)))
    assert key.algorithm == algorithm


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        (AppKeyRow(name="", kind="HS256", material=SECRET), "name", "1 to 64"),
        (AppKeyRow(name="a b", kind="HS256", material=SECRET), "name", "1 to 64"),
        (AppKeyRow(name="a" * 65, kind="HS256", material=SECRET), "name", "1 to 64"),
        (AppKeyRow(name="a", kind="HS256", material="s" * 31), "hs256", "32 to 1024 bytes"),
        (AppKeyRow(name="a", kind="HS256", material="s" * 1_025), "hs256", "32 to 1024 bytes"),
        (AppKeyRow(name="a", kind="HS256", material=SECRET, max_age_s=0), "max_age", "between"),
        (AppKeyRow(name="a", kind="HS256", material=SECRET, max_age_s=10**9), "max_age", "366 days"),
        (AppKeyRow(name="a", kind="HS256", material=SECRET, customer_claim=""), "customer_claim", "sub"),
        (AppKeyRow(name="a", kind="HS256", material=SECRET, issuers=("i",) * 17), "issuers", "16"),
        (
            AppKeyRow(name="a", kind="HS256", material=SECRET, claims={str(n): "f" for n in range(33)}),
            "claims",
            "32",
        ),
        (AppKeyRow(name="a", kind="ES256", material="no key"), "public_key", "not a public key"),
        (AppKeyRow(name="a", kind="ES256", material="x" * 20_000), "public_key", "more than"),
        (AppKeyRow(name="a", kind="JWKS", material="http://example.org/jwks"), "jwks", "https"),
        (AppKeyRow(name="a", kind="JWKS", material="https://u:p@example.org/"), "jwks", "user name"),
        (AppKeyRow(name="a", kind="JWKS", material="file:///etc/passwd"), "jwks", "URL"),
        (AppKeyRow(name="a", kind="JWKS", material="https://" + "a" * 3_000), "jwks", "URL"),
        (AppKeyRow(name="a", kind="JWKS", material="http://localhost.example.org/"), "jwks", "loopback"),
        (AppKeyRow(name="a", kind="JWKS", material="http://[bad"), "jwks", "URL"),
    ],
)
def test_unusable_app_key_names_the_field_and_the_remedy(row: AppKeyRow, field: str, message: str) -> None:
    with pytest.raises(AppKeyError) as caught:
        check_app_key(row)
    assert caught.value.field == field
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("kind", "algorithm", "message"),
    [
        ("rsa-1024", "RS256", "2048 to 8192 bits"),
        ("p384", "ES256", "P-256"),
        ("ed448", "EdDSA", "Ed25519"),
        ("rsa", "ES256", "is for RS256"),
        ("private", "EdDSA", "private key"),
    ],
)
def test_weak_foreign_and_private_keys_are_refused(kind: str, algorithm: Algorithm, message: str) -> None:
    with pytest.raises(AppKeyError, match=message):
        check_app_key(AppKeyRow(name="a", kind=algorithm, material=pem(kind)))


@pytest.mark.parametrize("kind", ["rsa", "p256", "ed25519"])
def test_public_key_is_refused_as_a_shared_secret(kind: str) -> None:
    with pytest.raises(AppKeyError, match="--public-key"):
        check_app_key(AppKeyRow(name="a", kind="HS256", material=pem(kind)))


@pytest.mark.parametrize("address", ["https://example.org/jwks", "http://127.0.0.1:9/j", "http://[::1]/j"])
def test_jwks_address_is_https_or_on_the_loopback(address: str) -> None:
    assert check_app_key(AppKeyRow(name="a", kind="JWKS", material=address)) == ()


def test_bad_row_leaves_the_ring_as_it_was() -> None:
    ring = AppKeyRing([AppKeyRow(name="web", kind="HS256", material=SECRET)])
    with pytest.raises(AppKeyError):
        ring.replace([AppKeyRow(name="web", kind="HS256", material="short")])
    assert [row.name for row, _ in ring.candidates("HS256", None)] == ["web"]


def test_fetched_keys_belong_to_every_app_of_that_address_and_outlive_an_edit() -> None:
    address = "https://example.org/jwks"
    rows = [AppKeyRow(name=name, kind="JWKS", material=address) for name in ("one", "two")]
    ring = AppKeyRing([*rows, AppKeyRow(name="web", kind="HS256", material=SECRET)])
    assert ring.addresses() == {address}
    (key,) = check_app_key(AppKeyRow(name="x", kind="ES256", material=pem("p256")))
    fetched = VerifyingKey(key.algorithm, key.key, "2026")
    ring.set_fetched(address, (fetched,))
    ring.replace([AppKeyRow(name="one", kind="JWKS", material=address, max_age_s=60), rows[1]])
    assert [row.name for row, _ in ring.candidates("ES256", "2026")] == ["one", "two"]
    assert [row.name for row, _ in ring.candidates("ES256", "one")] == ["one"]
    assert list(ring.candidates("ES256", "2025")) == []


def test_new_app_of_a_known_address_has_its_keys_at_once() -> None:
    one = AppKeyRow(name="one", kind="JWKS", material="https://a.example/j")
    ring = AppKeyRing([one])
    ring.set_fetched(
        "https://a.example/j", check_app_key(AppKeyRow(name="x", kind="ES256", material=pem("p256")))
    )
    ring.replace([one, AppKeyRow(name="two", kind="JWKS", material="https://a.example/j")])
    assert [row.name for row, _ in ring.candidates("ES256", None)] == ["one", "two"]


def test_keys_of_a_changed_address_are_dropped() -> None:
    ring = AppKeyRing([AppKeyRow(name="one", kind="JWKS", material="https://a.example/j")])
    (key,) = check_app_key(AppKeyRow(name="x", kind="ES256", material=pem("p256")))
    ring.set_fetched("https://a.example/j", (key,))
    ring.replace([AppKeyRow(name="one", kind="JWKS", material="https://b.example/j")])
    assert list(ring.candidates("ES256", None)) == []


def test_secret_stays_out_of_logs() -> None:
    (key,) = check_app_key(AppKeyRow(name="a", kind="HS256", material=SECRET))
    assert "sss" not in repr(key)

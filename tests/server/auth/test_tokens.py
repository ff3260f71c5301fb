"""Which tokens are taken, and that others are refused: forged, expired, of another app, of another kind."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from server.auth.apps import AppKeyRing
from server.auth.callers import Refused
from server.auth.claims import CustomerToken
from server.auth.rows import Algorithm, AppKeyRow
from server.auth.tokens import KEYS_TRIED_MAX, TokenVerifier

NOW_S = 1_800_000_000
NOW = NOW_S * 1_000
SECRET = "a shared secret of 32 bytes, or so"
ALGORITHMS: tuple[Algorithm, ...] = ("HS256", "RS256", "ES256", "EdDSA")


@functools.cache
def private_key(algorithm: Algorithm) -> Any:
    match algorithm:
        case "HS256":
            return SECRET
        case "RS256":
            return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()


def public_material(algorithm: Algorithm) -> str:
    key = private_key(algorithm)
    if algorithm == "HS256":
        return SECRET
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def app(name: str = "web", kind: Algorithm = "HS256", **given: Any) -> AppKeyRow:
    return AppKeyRow(name=name, kind=kind, material=given.pop("material", public_material(kind)), **given)


def claims(**changed: Any) -> dict[str, Any]:
    said = {"sub": "c-42", "iat": NOW_S, "exp": NOW_S + 3_600, **changed}
    return {name: value for name, value in said.items() if value is not None}


def signed(
    said: dict[str, Any] | None = None,
    algorithm: Algorithm = "HS256",
    *,
    key: Any = None,
    headers: dict[str, Any] | None = None,
) -> str:
    return jwt.encode(
        claims() if said is None else said,
        key or private_key(algorithm),
        algorithm=algorithm,
        headers=headers,
    )


def part(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: dict[str, object], said: object, secret: bytes) -> str:
    """Signed with HMAC by hand: libraries refuse to make what attackers make."""
    signing_input = f"{part(header)}.{part(said)}"
    return f"{signing_input}.{part(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"


@dataclass
class Bench:
    rows: list[AppKeyRow]
    now: int = NOW
    missed: list[str] = field(default_factory=list)
    cache_max: int = 100

    def __post_init__(self) -> None:
        self.ring = AppKeyRing(self.rows)
        self.verifier = TokenVerifier(
            self.ring,
            now=lambda: self.now,
            leeway_s=10,
            token_bytes_max=4_096,
            cache_max=self.cache_max,
            missed_kid=lambda: self.missed.append("missed"),
        )

    def verify(self, token: str) -> CustomerToken | Refused:
        return self.verifier.verify(token)

    def accepted(self, token: str) -> CustomerToken:
        verdict = self.verify(token)
        assert isinstance(verdict, CustomerToken), verdict
        return verdict

    def refused(self, token: str) -> Refused:
        verdict = self.verify(token)
        assert isinstance(verdict, Refused), verdict
        return verdict


# ── what is taken ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kid", [None, "web"])
def test_signed_token_names_its_customer(algorithm: Algorithm, kid: str | None) -> None:
    bench = Bench([app(kind=algorithm)])
    token = signed(algorithm=algorithm, headers={"kid": kid} if kid else None)
    assert bench.accepted(token) == CustomerToken("c-42", "web", (NOW_S + 3_600) * 1_000, {})


def test_without_kid_every_key_of_the_algorithm_is_tried() -> None:
    others = [app(name=f"other-{number}", material=f"{number}" * 32) for number in range(5)]
    bench = Bench([*others, app(kind="ES256", name="es"), app()])
    assert bench.accepted(signed()).app == "web"


def test_one_key_may_serve_two_apps_with_different_audiences() -> None:
    bench = Bench([app(name="one", audience="one"), app(name="two", audience="two")])
    assert bench.accepted(signed(claims(aud="two"))).app == "two"
    assert bench.accepted(signed(claims(aud=["x", "one"]))).app == "one"


def test_configured_claim_is_the_customer() -> None:
    bench = Bench([app(customer_claim="user_id")])
    assert bench.accepted(signed(claims(user_id="u-1"))).customer == "u-1"


def test_mapped_claims_come_by_customer_field() -> None:
    mapping = {"mail": "email", "grade": "tier", "absent": "city", "empty": "phone", "topics": "interests"}
    said = claims(mail="m@example.org", grade=3, empty=None, topics=["a", "b"], other="not mapped")
    said["empty"] = None
    assert Bench([app(claims=mapping)]).accepted(signed(said)).claims == {
        "email": "m@example.org",
        "tier": 3,
        "interests": ["a", "b"],
    }


# ── what its claims must say ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": NOW_S}, "expired"),
        ({"exp": NOW_S - 1, "iat": NOW_S - 100}, "expired"),
        ({"exp": None}, "exp is missing"),
        ({"iat": None}, "iat is missing"),
        ({"exp": str(NOW_S + 60)}, "exp is missing or not a number"),
        ({"iat": True}, "iat is missing or not a number"),
        ({"exp": 1e300}, "too long|s after iat"),
        ({"iat": NOW_S + 11, "exp": NOW_S + 60}, "iat is in the future"),
        ({"iat": NOW_S + 5, "exp": NOW_S + 5}, "exp is not after iat"),
        ({"exp": NOW_S + 604_801}, "more than 604800 s after iat"),
        ({"iat": NOW_S - 604_800, "exp": NOW_S + 1}, "more than 604800 s after iat"),
        ({"nbf": NOW_S + 11}, "nbf is in the future"),
        ({"nbf": "soon"}, "nbf is missing or not a number"),
        ({"sub": None}, "sub is missing"),
        ({"sub": ""}, "sub is missing"),
        ({"sub": 42}, "sub is missing or not printable"),
        ({"sub": "a\nb"}, "not printable"),
        ({"sub": "ä" * 65}, "more than 128 bytes"),
    ],
)
def test_wrong_claims_are_refused(changed: dict[str, Any], reason: str) -> None:
    refused = Bench([app()]).refused(forged({"alg": "HS256"}, claims(**changed), SECRET.encode()))
    assert any(one in refused.reason for one in reason.split("|")), refused.reason


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": NOW_S + 1},
        {"exp": NOW_S + 0.5},
        {"exp": NOW_S + 604_800},
        {"iat": NOW_S + 10},
        {"nbf": NOW_S + 10},
        {"nbf": NOW_S - 1},
        {"sub": "ä" * 64},
    ],
)
def test_claims_at_the_edge_are_taken(changed: dict[str, Any]) -> None:
    Bench([app()]).accepted(signed(claims(**changed)))


def test_expired_is_said_and_nothing_else_is() -> None:
    bench = Bench([app(issuers=("us",))])
    assert bench.refused(signed(claims(exp=NOW_S))).detail == "The token has expired."
    assert bench.refused(signed(claims(iss="them"))).detail == "The token is not accepted."


def test_max_age_of_the_app_key_counts() -> None:
    bench = Bench([app(max_age_s=60)])
    bench.accepted(signed(claims(exp=NOW_S + 60)))
    assert bench.refused(signed(claims(exp=NOW_S + 61))).detail == "The token is valid for too long."


@pytest.mark.parametrize(
    ("row", "said", "taken"),
    [
        (app(issuers=("us", "we")), claims(iss="we"), True),
        (app(issuers=("us",)), claims(iss="them"), False),
        (app(issuers=("us",)), claims(), False),
        (app(issuers=("us",)), claims(iss=["us"]), False),
        (app(audience="web"), claims(aud="web"), True),
        (app(audience="web"), claims(aud=["x"]), False),
        (app(audience="web"), claims(aud="website"), False),
        (app(audience="web"), claims(aud={"web": 1}), False),
        (app(audience="web"), claims(), False),
        (app(claims={"a": "b"}), claims(a={"deep": 1}), False),
        (app(claims={"a": "b"}), claims(a="x" * 1_025), False),
        (app(claims={"a": "b"}), claims(a=[1]), False),
        (app(claims={"a": "b"}), claims(a=["x"] * 101), False),
    ],
)
def test_issuer_audience_and_mapping_of_the_app_key_count(
    row: AppKeyRow, said: dict[str, Any], taken: bool
) -> None:
    token = forged({"alg": "HS256"}, said, SECRET.encode())
    assert isinstance(Bench([row]).verify(token), CustomerToken) is taken


# ── forgeries ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_token_signed_by_another_key_is_refused(algorithm: Algorithm) -> None:
    others: dict[Algorithm, Any] = {
        "HS256": "b" * 32,
        "RS256": rsa.generate_private_key(public_exponent=65_537, key_size=2_048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }
    bench = Bench([app(kind=algorithm)])
    bench.refused(signed(algorithm=algorithm, key=others[algorithm]))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_changed_token_is_refused(algorithm: Algorithm, place: int) -> None:
    parts = signed(algorithm=algorithm).split(".")
    middle = len(parts[place]) // 2
    swapped = "A" if parts[place][middle] != "A" else "B"
    parts[place] = parts[place][:middle] + swapped + parts[place][middle + 1 :]
    Bench([app(kind=algorithm)]).refused(".".join(parts))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 1, ["HS256"], "HS512", "PS256"])
def test_no_algorithm_but_the_keys_own_is_taken(algorithm: object) -> None:
    bench = Bench([app(kind=kind, name=kind) for kind in ALGORITHMS])
    bench.refused(f"{part({'alg': algorithm})}.{part(claims())}.")
    bench.refused(forged({"alg": algorithm}, claims(), SECRET.encode()))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_public_key_is_no_shared_secret(algorithm: Algorithm) -> None:
    """The classic confusion: HMAC over the public key, which everybody has."""
    material = public_material(algorithm)
    bench = Bench([app(kind=algorithm)])
    for secret in (material, material.strip(), material.replace("\n", "")):
        bench.refused(forged({"alg": "HS256"}, claims(), secret.encode()))
        bench.refused(forged({"alg": "HS256", "kid": "web"}, claims(), secret.encode()))
        bench.refused(forged({"alg": algorithm}, claims(), secret.encode()))


def test_key_inside_the_token_is_not_believed() -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(own.public_key()))
    headers = {"jwk": jwk, "jku": "https://example.org/jwks", "x5u": "https://example.org/x"}
    Bench([app(kind="ES256")]).refused(signed(algorithm="ES256", key=own, headers=headers))


def test_app_key_that_kid_names_is_the_only_one_tried() -> None:
    bench = Bench([app(name="one"), app(name="two", material="b" * 32)])
    bench.refused(signed(headers={"kid": "two"}))
    bench.refused(signed(key="b" * 32, headers={"kid": "one"}))
    assert bench.missed == []


def test_token_that_names_an_unknown_key_asks_for_it() -> None:
    bench = Bench([app()])
    bench.refused(signed(headers={"kid": "next"}))
    assert bench.missed == ["missed"]


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        "\ud800",
        "x" * 4_097,
        f"{part([1])}.{part({})}.",
        f"{part({'alg': 'HS256', 'kid': 7})}.{part({})}.",
        f"{part({'alg': 'HS256', 'crit': ['x'], 'x': 1})}.{part({})}.",
        f"{part(b'[' * 2_000)}.{part({})}.",
        f"{part({'alg': 'HS256', 'b64': False, 'crit': ['b64']})}..{part(b'x')}",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    Bench([app()]).refused(token)


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b'{"sub":', b"[" * 2_000, b"\xff", b'{"exp":NaN}'])
def test_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    Bench([app()]).refused(forged({"alg": "HS256"}, payload, SECRET.encode()))


@given(st.one_of(st.text(), st.lists(st.text(max_size=40), min_size=3, max_size=3).map(".".join)))
def test_any_text_is_refused_without_failing(text: str) -> None:
    Bench([app()]).refused(text)


@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "kid", "crit", "b64", "typ", "zip"]),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()),
    )
)
def test_any_header_is_handled(header: dict[str, object]) -> None:
    verdict = Bench([app()]).verify(forged(header, claims(), SECRET.encode()))
    assert isinstance(verdict, Refused) or header["alg"] == "HS256"


def test_tries_are_bounded_and_the_log_tells_what_to_do() -> None:
    rows = [app(name=f"app-{number}", material=f"{number:032}") for number in range(KEYS_TRIED_MAX)]
    bench = Bench([*rows, app()])
    assert "send a kid" in bench.refused(signed()).reason
    assert bench.accepted(signed(headers={"kid": "web"})).app == "web"


def test_reason_quotes_a_strangers_header_and_bounds_it() -> None:
    reason = Bench([app()]).refused(signed(headers={"kid": "x\nforged log line" + "y" * 500})).reason
    assert "\n" not in reason
    assert len(reason) < 200


# ── what is remembered ─────────────────────────────────────────────────────────────────────────────────


def test_remembered_token_still_expires() -> None:
    bench = Bench([app()])
    token = signed()
    bench.accepted(token)
    bench.now = (NOW_S + 3_600) * 1_000 - 1
    bench.accepted(token)
    bench.now += 1
    assert bench.refused(token).detail == "The token has expired."
    assert bench.refused(token).detail == "The token has expired."


def test_removed_app_key_ends_its_remembered_tokens_at_once() -> None:
    bench = Bench([app()])
    token = signed()
    bench.accepted(token)
    bench.ring.replace([app(name="other", material="b" * 32)])
    bench.refused(token)
    bench.ring.replace([app(name="web", max_age_s=60)])
    bench.refused(token)


def test_second_look_at_a_token_costs_no_signature() -> None:
    bench = Bench([app(kind="ES256")])
    token = signed(algorithm="ES256")
    assert bench.verify(token) is bench.verify(token)


def test_memory_for_tokens_is_bounded() -> None:
    bench = Bench([app()], cache_max=2)
    tokens = [signed(claims(sub=f"c-{number}")) for number in range(3)]
    first = [bench.verify(token) for token in tokens]
    assert bench.verify(tokens[2]) is first[2]
    assert bench.verify(tokens[0]) is not first[0]


def test_refusals_are_not_remembered() -> None:
    bench = Bench([])
    token = signed()
    bench.refused(token)
    bench.ring.replace([app()])
    bench.accepted(token)

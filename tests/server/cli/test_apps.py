"""Apps on a folder at rest, and the tokens that are made to try them."""

import json
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from .conftest import Run

SECRET = "a secret that your own backend signs with"


def test_token_is_signed_with_the_apps_secret(run: Run) -> None:
    assert run("apps", "create", "shop", "--hs256", SECRET).stdout == "shop\n"
    token = run("token", "ann", "--app", "shop", "--ttl", "PT5M").stdout.strip()
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert claims["sub"] == "ann"
    assert claims["exp"] - claims["iat"] == 300
    assert jwt.get_unverified_header(token)["kid"] == "shop"


def test_secret_can_come_from_stdin_and_is_never_listed(run: Run) -> None:
    run("apps", "create", "shop", "--hs256", "-", stdin=SECRET + "\n")
    assert SECRET not in run("apps", "list", "--json").stdout
    token = run("token", "ann", "--app", "shop").stdout.strip()
    assert jwt.decode(token, SECRET, algorithms=["HS256"])["sub"] == "ann"


def test_claims_are_mapped_and_id_names_the_customer(run: Run) -> None:
    run("apps", "create", "shop", "--hs256", SECRET, "--claim", "uid=id", "--claim", "mail=email")
    (app,) = json.loads(run("apps", "list", "--json").stdout)["items"]
    assert app["customer_claim"] == "uid"
    assert app["claims"] == {"mail": "email"}


@pytest.mark.parametrize("field", ["created_at", "fields.tier", "preferences", "a-b", "segments"])
def test_claim_for_what_no_token_may_set_is_refused(run: Run, field: str) -> None:
    result = run("apps", "create", "shop", "--hs256", SECRET, "--claim", f"mail={field}")
    assert result.exit_code == 1
    assert field in result.stderr


def test_public_key_is_taken_and_no_token_is_made_for_it(run: Run, tmp_path: Path) -> None:
    public = Ed25519PrivateKey.generate().public_key()
    (tmp_path / "key.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert run("apps", "create", "bank", "--public-key", "key.pem").exit_code == 0
    (app,) = json.loads(run("apps", "list", "--json").stdout)["items"]
    assert app["kind"] == "EdDSA"
    assert run("token", "ann", "--app", "bank").exit_code == 1


def test_private_key_is_refused(run: Run, tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(text)
    result = run("apps", "create", "bank", "--public-key", "key.pem")
    assert result.exit_code == 2
    assert "private key" in result.stderr


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (("apps", "create", "shop"), 2, "give one of"),
        (("apps", "create", "shop", "--hs256", SECRET, "--jwks", "https://example.org/k"), 2, "give one of"),
        (("apps", "create", "shop", "--hs256", "short"), 1, "32"),
        (("apps", "create", "shop", "--jwks", "http://example.org/k"), 1, "https"),
        (("apps", "create", "shop", "--hs256", SECRET, "--max-age", "P1M"), 2, "fixed time"),
        (("apps", "create", "shop", "--hs256", SECRET, "--max-age", "soon"), 2, "duration"),
        (("apps", "create", "shop", "--hs256", SECRET, "--claim", "mail"), 2, "CLAIM=FIELD"),
        (("apps", "create", "shop", "--public-key", "missing.pem"), 2, "cannot be read"),
        (("token", "ann", "--app", "shop"), 1, "there is no installation"),
    ],
)
def test_what_cannot_be_registered_is_told(run: Run, args: tuple[str, ...], code: int, text: str) -> None:
    result = run(*args)
    assert result.exit_code == code
    assert text in result.stderr


def test_taken_name_and_unknown_app_name_what_there_is(run: Run) -> None:
    run("apps", "create", "shop", "--hs256", SECRET)
    taken = run("apps", "create", "shop", "--hs256", SECRET)
    assert (taken.exit_code, "apps remove shop" in taken.stderr) == (1, True)
    unknown = run("token", "ann", "--app", "shp")
    assert (unknown.exit_code, "there are: shop" in unknown.stderr) == (1, True)


def test_removed_app_is_gone(run: Run) -> None:
    run("apps", "create", "shop", "--hs256", SECRET)
    assert run("apps", "remove", "shop").exit_code == 0
    assert json.loads(run("apps", "list", "--json").stdout)["items"] == []
    assert run("apps", "remove", "shop").exit_code == 1

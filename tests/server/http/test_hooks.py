"""Webhook triggers: who sends, what starts, repeats, samples, addresses (HTTP API, "Events and starts")."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from server.http.hooks import SAMPLE_BYTES_MAX
from tests.server.http.kit import Reply, Server

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes ...").decode()
FLOW = """
flow: hooked
variables: {{n: {{type: number}}}}
triggers:
  paid:
    type: webhook
    customer: =body.order.customer
    {id}
    key: =body.order.id
    when: body.order.total > 1.0
    variables: {{n: =body.order.total}}
    auth: {{type: {auth}, credential: shop}}
    mode: {mode}
start: w
steps:
  w: {{type: wait, until: [{{id: t, type: time, after: P1D}}]}}
"""
ORDER = b'{"order": {"id": "o-1", "customer": "ann", "total": 5}}'


async def hooked(
    server: Server, *, auth: str = "bearer", mode: str = "live", id: str = "", **credential: object
) -> str:
    """Publishes the flow with its credential; the path of its address."""
    body = {"type": auth, "secret": SECRET, **credential}
    assert (await server.call("PUT", "/v1/credentials/shop", body)).status == 200
    await server.publish(FLOW.format(auth=auth, mode=mode, id=id))
    (hook,) = (await server.call("GET", "/v1/flows/hooked/hooks")).body["items"]
    return str(hook["path"])


async def send(server: Server, path: str, body: bytes = ORDER, **headers: str) -> Reply:
    return await server.call("POST", path, body, role=None, **headers)


BEARER = f"Bearer {SECRET}"


async def test_request_starts_the_flow_for_the_customer_that_it_names(server: Server) -> None:
    path = await hooked(server)
    reply = await send(server, path, Authorization=BEARER)
    assert (reply.status, reply.body["status"]) == (202, "accepted")
    (id,) = reply.body["started"]
    shown = (await server.call("GET", f"/v1/instances/{id}")).body
    assert (shown["customer"], shown["key"], shown["variables"]) == ("ann", "o-1", {"n": 5})


def standard(body: bytes, *, at: datetime, secret: str = SECRET) -> dict[str, str]:
    signature = Webhook(secret).sign("m-1", at, body.decode())
    return {
        "webhook_id": "m-1",
        "webhook_timestamp": str(int(at.timestamp())),
        "webhook_signature": f"v1,bm9wZQ== {signature}",
    }


async def test_standard_webhooks_are_verified_and_known_by_their_id(server: Server) -> None:
    path = await hooked(server, auth="standard_webhooks")
    now = datetime.fromtimestamp(server.parts.clock.now() / 1_000, tz=UTC)
    headers = standard(ORDER, at=now)
    assert (await send(server, path, ORDER, **headers)).body["status"] == "accepted"
    repeat = await send(server, path, ORDER, **headers)
    assert (repeat.body["status"], repeat.body["started"]) == ("duplicate", [])
    other = ORDER.replace(b"5", b"6")
    assert (await send(server, path, other, **standard(other, at=now))).body["status"] == "conflict"


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_a_signature_covers_a_time_of_at_most_five_minutes(server: Server, seconds: int) -> None:
    path = await hooked(server, auth="standard_webhooks")
    at = datetime.fromtimestamp(server.parts.clock.now() / 1_000 + seconds, tz=UTC)
    assert (await send(server, path, ORDER, **standard(ORDER, at=at))).code == "unauthorized"


async def test_hmac_over_the_raw_body_with_a_prefix(server: Server) -> None:
    path = await hooked(server, auth="hmac", header="X-Hub-Signature-256", prefix="sha256=")
    made = "sha256=" + hmac.new(SECRET.encode(), ORDER, hashlib.sha256).hexdigest()
    assert (await send(server, path, X_Hub_Signature_256=made)).status == 202
    assert (await send(server, path, ORDER + b" ", X_Hub_Signature_256=made)).code == "unauthorized"


async def test_hmac_with_a_time_stamp_covers_it(server: Server) -> None:
    path = await hooked(server, auth="hmac", timestamp_header="X-Time", encoding="base64")
    stamp = str(server.parts.clock.now() // 1_000)
    made = hmac.new(SECRET.encode(), stamp.encode() + b"." + ORDER, hashlib.sha256).digest()
    signature = base64.b64encode(made).decode()
    assert (await send(server, path, X_Signature=signature, X_Time=stamp)).status == 202
    assert (
        await send(server, path, X_Signature=signature, X_Time=str(int(stamp) - 1))
    ).code == "unauthorized"
    assert (await send(server, path, X_Signature=signature)).code == "unauthorized"


async def test_basic_needs_the_name_and_the_secret(server: Server) -> None:
    path = await hooked(server, auth="basic", username="shop")
    pair = base64.b64encode(f"shop:{SECRET}".encode()).decode()
    assert (await send(server, path, Authorization=f"Basic {pair}")).status == 202
    assert (await send(server, path, Authorization=BEARER)).code == "unauthorized"


async def test_without_a_proof_it_is_refused_unless_the_operator_allows_it(server: Server) -> None:
    await server.publish(FLOW.format(auth="none", mode="live", id="").replace(", credential: shop", ""))
    (hook,) = (await server.call("GET", "/v1/flows/hooked/hooks")).body["items"]
    assert (await send(server, hook["path"])).code == "unauthorized"


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        (b'{"order": {"id": "o", "customer": null, "total": 5}}', 202, "ignored"),
        (b'{"order": {"id": "o", "customer": "ann", "total": 1}}', 202, "accepted"),
        (b'{"order": 1}', 422, "/customer"),
        (b'{"order"', 400, ""),
        (b"\xff", 400, ""),
    ],
)
async def test_what_the_mapping_makes_of_other_bodies(
    server: Server, body: bytes, status: int, answer: str
) -> None:
    path = await hooked(server)
    reply = await send(server, path, body, Authorization=BEARER)
    assert reply.status == status
    if status == 202:
        assert (reply.body["status"], reply.body["started"]) == (answer, [])
    elif status == 422:
        assert reply.pointers == [answer]


async def test_the_trigger_says_what_a_repeat_is_known_by(server: Server) -> None:
    path = await hooked(server, id="id: =body.order.id")
    assert (await send(server, path, Authorization=BEARER)).body["status"] == "accepted"
    assert (await send(server, path, Authorization=BEARER)).body["status"] == "duplicate"


async def test_test_mode_takes_test_customers_only(server: Server) -> None:
    path = await hooked(server, mode="test")
    assert (await send(server, path, Authorization=BEARER)).code == "invalid"
    assert (await server.call("PUT", "/v1/customers/ann", {"test": True})).status == 200
    (id,) = (await send(server, path, Authorization=BEARER)).body["started"]
    assert (await server.call("GET", f"/v1/instances/{id}")).body["test"] is True


async def test_unknown_paused_and_former_addresses_are_the_same_404(server: Server) -> None:
    path = await hooked(server)
    at = "/v1/flows/hooked/triggers/paid"
    replies = [await send(server, "/v1/hooks/nothing", Authorization=BEARER)]
    assert (await server.call("POST", f"{at}/pause")).body["paused"] is True
    replies.append(await send(server, path, Authorization=BEARER))
    assert (await server.call("POST", f"{at}/resume")).body["paused"] is False
    assert (await send(server, path, Authorization=BEARER)).status == 202
    rotated = (await server.call("POST", f"{at}/rotate")).body["path"]
    replies.append(await send(server, path, Authorization=BEARER))
    assert (await send(server, rotated, Authorization=BEARER)).status == 202
    assert (await server.call("POST", "/v1/flows/hooked/pause")).status == 200
    replies.append(await send(server, rotated, Authorization=BEARER))
    assert {(reply.code, reply.body["detail"]) for reply in replies} == {
        ("not_found", "There is nothing at this address.")
    }


async def test_an_author_sees_the_next_request_without_its_credentials(server: Server) -> None:
    path = await hooked(server)
    at = "/v1/flows/hooked/triggers/paid"
    await send(server, path, Authorization=BEARER)
    assert (await server.call("POST", f"{at}/address")).body["sample"] is None
    assert (await server.call("POST", f"{at}/sample", role="author")).body["sampling_until"] is not None
    await send(server, path + "?q=1", Authorization=BEARER, X_Trace="t")
    taken = (await server.call("POST", f"{at}/address")).body
    assert taken["sample"]["body"]["order"]["id"] == "o-1"
    assert taken["sample"]["query"] == {"q": "1"}
    assert taken["sample"]["headers"]["x-trace"] == "t"
    assert "authorization" not in taken["sample"]["headers"]
    assert taken["sampling_until"] is None, "only the next one is kept"


async def test_a_large_sample_is_only_measured(server: Server) -> None:
    path = await hooked(server)
    await server.call("POST", "/v1/flows/hooked/triggers/paid/sample")
    body = b'{"order": {"id": "o", "customer": "ann", "total": 5}, "x": "%s"}' % (b"x" * SAMPLE_BYTES_MAX)
    assert (await send(server, path, body, Authorization=BEARER)).status == 202
    (hook,) = (await server.call("GET", "/v1/flows/hooked/hooks")).body["items"]
    assert hook["sample"]["too_large"] > SAMPLE_BYTES_MAX


async def test_a_sample_for_a_draft_starts_nothing(server: Server) -> None:
    text = FLOW.format(auth="bearer", mode="live", id="").encode()
    assert (await server.call("POST", "/v1/flows", text, Content_Type="application/yaml")).status == 201
    hook = (await server.call("POST", "/v1/flows/hooked/triggers/paid/sample")).body
    assert (await send(server, hook["path"])).body["status"] == "ignored"
    assert (await send(server, hook["path"])).code == "not_found"
    shown = (await server.call("POST", "/v1/flows/hooked/triggers/paid/address")).body
    assert shown["sample"]["body"]["order"]["total"] == 5


async def test_triggers_that_are_no_webhooks_have_no_address(server: Server) -> None:
    await server.publish()
    assert (await server.call("POST", "/v1/flows/welcome/triggers/signed_up/address")).code == "not_found"


# --- credentials -----------------------------------------------------------------------------------------


async def test_credentials_are_written_and_never_read(server: Server) -> None:
    written = await server.call("PUT", "/v1/credentials/shop", {"type": "bearer", "secret": SECRET})
    listed = await server.call("GET", "/v1/credentials", role="author")
    assert [one["id"] for one in listed.body["items"]] == ["shop"]
    assert SECRET.encode() not in written.raw + listed.raw
    entries = await server.store.journal(after=0, limit=100)
    assert all(SECRET.encode() not in entry.row.payload for entry in entries)
    assert (await server.call("DELETE", "/v1/credentials/shop")).status == 200
    assert (await server.call("DELETE", "/v1/credentials/shop")).code == "not_found"


async def test_only_admins_write_credentials(server: Server) -> None:
    body = {"type": "bearer", "secret": SECRET}
    assert (await server.call("PUT", "/v1/credentials/shop", body, role="author")).code == "forbidden"


@pytest.mark.parametrize(
    "body",
    [{}, {"type": "bearer"}, {"type": "bearer", "secret": "short"}, {"type": "nope", "secret": SECRET}],
)
async def test_a_credential_that_is_none_is_refused(server: Server, body: object) -> None:
    assert (await server.call("PUT", "/v1/credentials/shop", body)).code == "invalid"
    assert (await server.call("GET", "/v1/credentials")).body["items"] == []

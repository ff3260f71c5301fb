"""A version is shown to who has a link to it, without audiences, until the link expires or is revoked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.commands import PutResource
from server.auth import links
from server.http.shares import SHARE, SHARES_MAX, Share
from tests.server.http.kit import WELCOME, Server

MANY = WELCOME.replace("plan: =event.data.plan}}", "plan: =event.data.plan}, audience: {tag: vip}}")


async def link(server: Server, **body: Any) -> dict[str, Any]:
    reply = await server.call("POST", "/v1/flows/welcome/share", body)
    assert reply.status == 201, reply.raw
    return reply.body  # type: ignore[no-any-return]


async def test_a_link_gives_the_document_of_its_version_to_anybody(server: Server) -> None:
    await server.publish(MANY)
    made = await link(server, expires_in="P1D", note="for ann")
    assert (made["flow"], made["version"], made["note"], made["by"]) == ("welcome", 1, "for ann", "key-admin")
    as_yaml = await server.call("GET", made["path"], role=None)
    assert (as_yaml.status, as_yaml.headers["Content-Type"]) == (200, "application/yaml")
    assert "welcome-v1.yaml" in as_yaml.headers["Content-Disposition"]
    assert b"vip" not in as_yaml.raw
    as_json = await server.call("GET", made["path"], role=None, Accept="application/json")
    trigger = as_json.body["triggers"]["signed_up"]
    assert (trigger["enabled"], trigger["audience"]) == (False, {"tag": "choose-an-audience"})
    taken = await server.call(
        "POST", "/v1/flows/import?as=taken", as_yaml.raw, Content_Type="application/yaml"
    )
    assert taken.status == 201
    assert (await server.call("POST", "/v1/flows/taken/publish", {})).status == 201


async def test_a_link_stays_with_its_version(server: Server) -> None:
    await server.publish()
    made = await link(server)
    draft = WELCOME.replace("Welcome.", "Hello.").encode()
    await server.call("PUT", "/v1/flows/welcome/draft", draft, Content_Type="application/yaml", If_Match="*")
    await server.call("POST", "/v1/flows/welcome/publish", {})
    assert b"Welcome." in (await server.call("GET", made["path"], role=None)).raw
    assert (await link(server))["version"] == 2
    assert (await link(server, version=1))["version"] == 1


async def test_links_are_listed_and_revoked(server: Server) -> None:
    await server.publish()
    assert (await server.call("GET", "/v1/flows/welcome/shares")).body["items"] == []
    first, second = await link(server), await link(server)
    listed = await server.call("GET", "/v1/flows/welcome/shares", role="author")
    made_at = [one["created_at"] for one in listed.body["items"]]
    assert made_at == sorted(made_at, reverse=True)
    assert sorted(listed.body["items"], key=str) == sorted([first, second], key=str)
    revoked = await server.call("DELETE", f"/v1/flows/welcome/shares/{first['id']}")
    assert (revoked.status, revoked.body) == (200, first)
    assert (await server.call("GET", first["path"], role=None)).code == "not_found"
    assert (await server.call("GET", second["path"], role=None)).status == 200
    assert (await server.call("DELETE", f"/v1/flows/welcome/shares/{first['id']}")).code == "not_found"
    await server.publish(WELCOME.replace("flow: welcome", "flow: other"))
    assert (await server.call("DELETE", f"/v1/flows/other/shares/{second['id']}")).code == "not_found"


@pytest.mark.parametrize("token", ["x", "A" * links.TOKEN_CHARACTERS])
async def test_unknown_and_expired_links_are_the_same(server: Server, token: str) -> None:
    await server.publish()
    before = await server.call("GET", f"/v1/shared/{token}", role=None)
    made = await link(server)
    after = await server.call("GET", f"/v1/shared/{token}", role=None)
    key = server.parts.engine.resources.find("secret", "shares")
    assert key is not None
    expired = links.sign(msgspec.json.decode(key.document, type=bytes), made["id"], expires_at=1)
    late = await server.call("GET", f"/v1/shared/{expired}", role=None)
    details = [reply.body["detail"] for reply in (before, after, late)]
    assert details == [details[0]] * 3
    assert {reply.status for reply in (before, after, late)} == {404}


@pytest.mark.parametrize("expires_in", ["P367D", "PT0S", "-P1D", "soon"])
async def test_a_link_lasts_a_bounded_time(server: Server, expires_in: str) -> None:
    await server.publish()
    reply = await server.call("POST", "/v1/flows/welcome/share", {"expires_in": expires_in})
    assert (reply.status, reply.pointers) == (422, ["/expires_in"])
    assert (await link(server, expires_in="P366D"))["version"] == 1


async def test_what_is_not_there_is_not_shared(server: Server) -> None:
    await server.call("POST", "/v1/flows", WELCOME.encode(), Content_Type="application/yaml")
    assert (await server.call("POST", "/v1/flows/welcome/share")).code == "not_found"
    assert (await server.call("POST", "/v1/flows/welcome/share", {"version": 3})).code == "not_found"
    assert (await server.call("POST", "/v1/flows/nothing/share")).code == "not_found"
    assert (await server.call("POST", "/v1/flows/welcome/share", role="operate")).code == "forbidden"


async def test_a_flow_has_so_many_links_and_expired_ones_make_room(server: Server) -> None:
    await server.publish()
    await link(server)
    for number in range(SHARES_MAX - 1):
        expires_at = 1 if number == 7 else 1 << 45
        kept = Share(flow="welcome", version=1, expires_at=expires_at, note="", by="t")
        id, document = server.parts.engine.new_id(), msgspec.json.encode(kept)
        await server.parts.engine.write_resource(PutResource(kind=SHARE, id=id, document=document))
    await link(server)
    assert (await server.call("POST", "/v1/flows/welcome/share")).code == "conflict"

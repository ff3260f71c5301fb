"""Flows are copied, taken in from files, and given out as files."""

from __future__ import annotations

import pytest

from tests.server.http.kit import WELCOME, Server

YAML = "application/yaml"


async def test_a_copy_has_the_draft_under_its_own_key(server: Server) -> None:
    await server.publish("# why\n" + WELCOME.lstrip())
    reply = await server.call(
        "POST", "/v1/flows/welcome/clone", {"flow": "hello", "name": "Hello"}, role="author"
    )
    assert (reply.status, reply.headers["Location"]) == (201, "/v1/flows/hello")
    assert (reply.body["flow"], reply.body["name"], reply.body["published"]) == ("hello", "Hello", None)
    draft = await server.call("GET", "/v1/flows/hello/draft")
    expected = WELCOME.replace("flow: welcome", "flow: hello").replace("name: Welcome", "name: Hello")
    assert draft.raw.decode() == "# why\n" + expected.lstrip()


async def test_a_version_may_be_copied_in_place_of_the_draft(server: Server) -> None:
    await server.publish()
    other = WELCOME.replace("P7D", "P9D").encode()
    await server.call("PUT", "/v1/flows/welcome/draft", other, Content_Type=YAML, If_Match="*")
    for source, after in ((1, b"P7D"), ("published", b"P7D"), ("draft", b"P9D")):
        key = f"copy-{source}"
        reply = await server.call("POST", "/v1/flows/welcome/clone", {"flow": key, "from": source})
        assert reply.status == 201
        assert after in (await server.call("GET", f"/v1/flows/{key}/draft")).raw


async def test_a_key_that_is_taken_is_told_where_it_was_given(server: Server) -> None:
    await server.publish()
    copied = await server.call("POST", "/v1/flows/welcome/clone", {"flow": "welcome"})
    assert (copied.status, copied.code, copied.pointers) == (409, "key_exists", ["/flow"])
    taken = await server.call("POST", "/v1/flows/import", WELCOME.encode(), Content_Type=YAML)
    assert (taken.status, taken.code, taken.pointers) == (409, "key_exists", ["/flow"])
    renamed = await server.call("POST", "/v1/flows/import?as=welcome", WELCOME.encode(), Content_Type=YAML)
    assert (renamed.code, renamed.pointers) == ("key_exists", ["/query/as"])


@pytest.mark.parametrize("key", ["Hello", "", "a" * 65, "-a"])
async def test_a_copy_needs_a_key_that_flows_may_have(server: Server, key: str) -> None:
    await server.publish()
    reply = await server.call("POST", "/v1/flows/welcome/clone", {"flow": key})
    assert (reply.status, reply.pointers) == (422, ["/flow"])


async def test_a_file_is_taken_in_under_its_own_key_or_another(server: Server) -> None:
    own = await server.call("POST", "/v1/flows/import", WELCOME.encode(), Content_Type=YAML)
    assert (own.status, own.body["flow"], own.body["state"]) == (201, "welcome", "draft")
    other = await server.call("POST", "/v1/flows/import?as=hello", WELCOME.encode(), Content_Type=YAML)
    assert (other.status, other.body["flow"]) == (201, "hello")
    wrong = await server.call("POST", "/v1/flows/import", b"flow: x", Content_Type=YAML)
    assert wrong.status == 422


async def test_a_repeat_with_the_same_key_copies_once(server: Server) -> None:
    await server.publish()
    replies = [
        await server.call("POST", "/v1/flows/welcome/clone", {"flow": "hello"}, Idempotency_Key="k")
        for _ in range(2)
    ]
    assert [reply.status for reply in replies] == [201, 201]


async def test_a_version_is_given_out_as_a_file_in_either_form(server: Server) -> None:
    await server.publish()
    address = "/v1/flows/welcome/versions/1/document"
    as_yaml = await server.call("GET", address, role="author")
    assert (as_yaml.headers["Content-Type"], as_yaml.raw.decode()) == (YAML, WELCOME)
    assert as_yaml.headers["Content-Disposition"] == 'attachment; filename="welcome-v1.yaml"'
    as_json = await server.call("GET", address, Accept="application/json")
    assert as_json.body["steps"]["greet"]["card"] == "hello"
    assert (await server.call("GET", "/v1/flows/welcome/versions/2/document")).code == "not_found"

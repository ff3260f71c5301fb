"""Flows over HTTP: from the first draft to the archive, and two editors at once."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from rules.documents.syntax import parse
from rules.limits import DOCUMENT_BYTES_MAX
from tests.server.http.kit import WELCOME, Server

YAML = "application/yaml"
BROKEN = WELCOME.replace("next: answer", "next: nowhere")


async def create(server: Server, document: str = WELCOME, **headers: str) -> str:
    reply = await server.call("POST", "/v1/flows", document.encode(), Content_Type=YAML, **headers)
    assert reply.status == 201, reply.raw
    return reply.headers["ETag"]


async def test_created_flow_is_a_draft_with_an_etag(server: Server) -> None:
    etag = await create(server)
    draft = await server.call("GET", "/v1/flows/welcome/draft")
    assert (draft.raw.decode(), draft.headers["ETag"]) == (WELCOME, etag)
    assert draft.headers["Content-Type"] == YAML
    flow = await server.call("GET", "/v1/flows/welcome")
    assert (flow.body["state"], flow.body["published"], flow.body["name"]) == ("draft", None, "Welcome")


async def test_key_that_exists_is_a_conflict(server: Server) -> None:
    await create(server)
    reply = await server.call("POST", "/v1/flows", WELCOME.encode(), Content_Type=YAML)
    assert (reply.status, reply.code) == (409, "key_exists")


async def test_draft_is_given_in_the_form_that_is_accepted(server: Server) -> None:
    await create(server)
    as_json = await server.call("GET", "/v1/flows/welcome/draft", Accept="application/json")
    assert as_json.headers["Content-Type"] == "application/json"
    data, _ = parse(WELCOME, type="yaml")
    assert as_json.body == msgspec.to_builtins(data)
    saved = await server.call("PUT", "/v1/flows/welcome/draft", as_json.raw, If_Match=as_json.headers["ETag"])
    assert saved.status == 200
    as_yaml = await server.call("GET", "/v1/flows/welcome/draft", Accept=YAML)
    again, _ = parse(as_yaml.raw, type="yaml")
    assert again == data


async def test_second_editor_is_told(server: Server) -> None:
    etag = await create(server)
    edited = WELCOME.replace("Welcome.", "Good day.").encode()
    first = await server.call("PUT", "/v1/flows/welcome/draft", edited, If_Match=etag, Content_Type=YAML)
    second = await server.call(
        "PUT", "/v1/flows/welcome/draft", WELCOME.encode(), If_Match=etag, Content_Type=YAML
    )
    assert (first.status, second.status, second.code) == (200, 412, "precondition_failed")
    assert first.headers["ETag"] != etag
    without = await server.call("PUT", "/v1/flows/welcome/draft", edited, Content_Type=YAML)
    assert (without.status, without.code) == (428, "precondition_required")
    draft = await server.call("GET", "/v1/flows/welcome/draft")
    assert draft.raw == edited


@pytest.mark.parametrize("etag", ['"999"', "abc", '""', '"1', "W/x", "²"])
async def test_foreign_etag_fails(server: Server, etag: str) -> None:
    await create(server, WELCOME)
    await server.call("PUT", "/v1/flows/welcome/draft", WELCOME.encode(), If_Match="*", Content_Type=YAML)
    reply = await server.call(
        "PUT", "/v1/flows/welcome/draft", WELCOME.encode(), If_Match=etag, Content_Type=YAML
    )
    assert (reply.status, reply.code) == (412, "precondition_failed")


async def test_document_of_another_flow_is_refused(server: Server) -> None:
    await create(server)
    other = WELCOME.replace("flow: welcome", "flow: other").encode()
    reply = await server.call("PUT", "/v1/flows/welcome/draft", other, If_Match="*", Content_Type=YAML)
    assert (reply.status, reply.code, reply.pointers) == (422, "invalid", ["/flow"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"- a list", "wrong_type"),
        (b"a: &x 1\nb: *x", "not_plain"),
        (b"flow: welcome\nstart: x\nstepss: {}", "unknown_key"),
        (b"[" * 5_000, "too_deep"),
    ],
)
async def test_what_is_no_document_is_refused_with_line_and_column(
    server: Server, body: bytes, code: str
) -> None:
    reply = await server.call("POST", "/v1/flows", body, Content_Type=YAML)
    assert (reply.status, reply.code) == (422, "invalid")
    assert code in {error["code"] for error in reply.body["errors"]}, reply.raw
    assert all(error["line"] is not None for error in reply.body["errors"])
    assert (await server.call("GET", "/v1/flows")).body["items"] == []


@pytest.mark.parametrize(
    ("body", "media_type", "code"),
    [(b"name: x\nflow: [", YAML, "bad_yaml"), (b'{"name": "x",\n"flow": ', "application/json", "bad_json")],
)
async def test_a_malformed_document_is_a_bad_request_with_its_place(
    server: Server, body: bytes, media_type: str, code: str
) -> None:
    reply = await server.call("POST", "/v1/flows", body, Content_Type=media_type)
    assert (reply.status, reply.code) == (400, "bad_request")
    assert [(error["code"], error["line"]) for error in reply.body["errors"]] == [(code, 2)]


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [(b"\xff\xfe", YAML, 400), (b"x", "text/plain", 415), (b"x" * 1_100_000, YAML, 413)],
)
async def test_bytes_that_are_no_text_or_too_many(
    server: Server, body: bytes, media_type: str, status: int
) -> None:
    assert (await server.call("POST", "/v1/flows", body, Content_Type=media_type)).status == status


async def test_validate_names_every_problem_and_stores_nothing(server: Server) -> None:
    good = await server.call("POST", "/v1/flows/validate", WELCOME.encode(), Content_Type=YAML)
    assert (good.status, good.body["valid"]) == (200, True)
    bad = await server.call("POST", "/v1/flows/validate", BROKEN.encode(), Content_Type=YAML)
    assert (bad.status, bad.body["valid"]) == (200, False)
    problem = next(one for one in bad.body["problems"] if one["severity"] == "error")
    assert (problem["code"], problem["pointer"], problem["line"]) == ("unknown_step", "/steps/greet/next", 10)
    assert (await server.call("GET", "/v1/flows")).body["items"] == []


async def test_publish_refuses_a_draft_with_errors(server: Server) -> None:
    await create(server, BROKEN)
    for path in ("/v1/flows/welcome/publish", "/v1/flows/welcome/publish?dry_run=true"):
        reply = await server.call("POST", path, {})
        assert (reply.status, reply.code) == (422, "invalid")
        assert "/steps/greet/next" in reply.pointers
    assert (await server.call("GET", "/v1/flows/welcome/versions")).body["items"] == []


async def test_dry_run_counts_and_changes_nothing(server: Server) -> None:
    await server.publish()
    for n in range(3):
        await server.call(
            "POST", "/v1/events", {"name": "user.signed_up", "customer": f"c-{n}", "data": {"plan": "x"}}
        )
    reply = await server.call("POST", "/v1/flows/welcome/publish?dry_run=true", {"running": "cancel"})
    assert (reply.status, reply.body["version"], reply.body["cancelled"]) == (200, 2, 3)
    assert reply.body["running"] == [{"version": 1, "status": "running", "count": 3}]
    assert (await server.call("GET", "/v1/flows/welcome")).body["published"] == 1


async def test_versions_are_kept_and_one_can_be_restored(server: Server) -> None:
    await server.publish()
    edited = WELCOME.replace("Welcome.", "Good day.").encode()
    await server.call("PUT", "/v1/flows/welcome/draft", edited, If_Match="*", Content_Type=YAML)
    second = await server.call("POST", "/v1/flows/welcome/publish", {"note": "friendlier"})
    assert (second.body["version"], second.body["note"], second.body["published_by"]) == (
        2,
        "friendlier",
        "key-admin",
    )
    versions = await server.call("GET", "/v1/flows/welcome/versions")
    assert [one["version"] for one in versions.body["items"]] == [2, 1]
    assert (await server.call("GET", "/v1/flows/welcome/versions/1")).body["document"] == WELCOME
    restored = await server.call("POST", "/v1/flows/welcome/versions/1/restore")
    assert restored.status == 200
    assert (await server.call("GET", "/v1/flows/welcome/draft")).raw.decode() == WELCOME
    for number in ("3", "0", "-1", "x", "9" * 30, "²"):
        assert (await server.call("GET", f"/v1/flows/welcome/versions/{number}")).status == 404


async def test_publish_with_a_foreign_etag_fails(server: Server) -> None:
    await create(server)
    assert (await server.call("POST", "/v1/flows/welcome/publish", {}, If_Match='"9"')).status == 412


async def test_publish_without_a_body_keeps_what_runs(server: Server) -> None:
    await create(server)
    published = await server.call("POST", "/v1/flows/welcome/publish")
    assert (published.status, published.body["version"]) == (201, 1)


async def test_paused_flow_starts_nothing_until_it_resumes(server: Server) -> None:
    await server.publish()

    async def started() -> int:
        event = {"name": "user.signed_up", "customer": "c-1", "data": {"plan": "x"}}
        return len((await server.call("POST", "/v1/events", event)).body["results"][0]["started"])

    assert (await server.call("POST", "/v1/flows/welcome/pause")).body["state"] == "paused"
    assert await started() == 0
    assert (await server.call("POST", "/v1/flows/welcome/resume")).body["state"] == "published"
    assert await started() == 1
    assert (await server.call("DELETE", "/v1/flows/welcome")).body["state"] == "archived"
    assert await started() == 0
    back = await server.call("PATCH", "/v1/flows/welcome", {"archived": False})
    assert (back.body["state"], back.body["draft_revision"]) == ("published", 1)
    assert await started() == 1


async def test_metadata_changes_what_is_named_only(server: Server) -> None:
    await create(server)
    reply = await server.call("PATCH", "/v1/flows/welcome", {"folder": "a/b"})
    assert (reply.body["name"], reply.body["folder"]) == ("Welcome", "a/b")
    wrong = await server.call("PATCH", "/v1/flows/welcome", {"key": "x"})
    assert wrong.pointers == ["/key"]
    for body in ({}, {"name": "x"}, {"archived": True}):
        assert (await server.call("PATCH", "/v1/flows/none", body)).status == 404


async def test_metadata_is_written_into_the_draft_and_outlives_its_next_save(server: Server) -> None:
    etag = await create(server, WELCOME.replace("name: Welcome", "name: Welcome # shown to all"))
    patched = await server.call("PATCH", "/v1/flows/welcome", {"name": "Hello", "description": "A: b"})
    draft = await server.call("GET", "/v1/flows/welcome/draft")
    assert draft.raw.decode() == WELCOME.replace(
        "flow: welcome\nname: Welcome", 'flow: welcome\ndescription: "A: b"\nname: Hello # shown to all'
    )
    assert etag != patched.headers["ETag"] == draft.headers["ETag"]
    assert patched.body["draft_revision"] == 2
    saved = await server.call(
        "PUT", "/v1/flows/welcome/draft", draft.raw, If_Match=draft.headers["ETag"], Content_Type=YAML
    )
    assert (saved.body["name"], saved.body["description"]) == ("Hello", "A: b")


async def test_metadata_that_is_so_already_makes_no_revision(server: Server) -> None:
    etag = await create(server)
    patched = await server.call("PATCH", "/v1/flows/welcome", {"name": "Welcome"})
    assert (patched.status, patched.headers["ETag"]) == (200, etag)


async def test_metadata_of_a_draft_in_json_is_changed_too(server: Server) -> None:
    await create(server)
    as_json = await server.call("GET", "/v1/flows/welcome/draft", Accept="application/json")
    await server.call("PUT", "/v1/flows/welcome/draft", as_json.raw, If_Match="*")
    await server.call("PATCH", "/v1/flows/welcome", {"folder": "a"})
    draft = await server.call("GET", "/v1/flows/welcome/draft", Accept="application/json")
    assert draft.body == as_json.body | {"folder": "a"}


async def test_metadata_that_the_document_cannot_have_is_refused_and_changes_nothing(server: Server) -> None:
    etag = await create(server, BROKEN)
    for body, pointer, code in (
        ({"folder": "a/b/c/d"}, "/folder", "bad_name"),
        ({"name": "x" * 201}, "/name", "wrong_value"),
        ({"name": "N", "folder": "a//b", "archived": True}, "/folder", "bad_name"),
    ):
        reply = await server.call("PATCH", "/v1/flows/welcome", body)
        assert (reply.status, reply.code) == (422, "invalid")
        assert [(error["pointer"], error["code"]) for error in reply.body["errors"]] == [(pointer, code)]
    flow = await server.call("GET", "/v1/flows/welcome")
    assert (flow.body["state"], flow.body["name"]) == ("draft", "Welcome")
    draft = await server.call("GET", "/v1/flows/welcome/draft")
    assert (draft.raw.decode(), draft.headers["ETag"]) == (BROKEN, etag)
    fits = await server.call("PATCH", "/v1/flows/welcome", {"folder": "a/b/c"})
    assert fits.body["folder"] == "a/b/c", "what else is wrong with the draft may stand in it"


async def test_metadata_that_makes_the_draft_too_large_is_refused(server: Server) -> None:
    await create(server, WELCOME + "#" * (DOCUMENT_BYTES_MAX - len(WELCOME)))
    reply = await server.call("PATCH", "/v1/flows/welcome", {"description": "x"})
    assert (reply.status, [error["code"] for error in reply.body["errors"]]) == (422, ["too_large"])


async def test_metadata_of_a_foreign_revision_is_refused(server: Server) -> None:
    etag = await create(server)
    for body in ({"name": "x"}, {"archived": True}):
        reply = await server.call("PATCH", "/v1/flows/welcome", body, If_Match='"7"')
        assert (reply.status, reply.code) == (412, "precondition_failed")
    assert (await server.call("PATCH", "/v1/flows/welcome", {"name": "x"}, If_Match=etag)).status == 200


async def test_changes_of_metadata_at_once_all_stick(server: Server) -> None:
    await create(server)
    bodies: list[dict[str, str]] = [{"name": "N"}, {"description": "D"}, {"folder": "f"}]
    replies = await asyncio.gather(*(server.call("PATCH", "/v1/flows/welcome", body) for body in bodies))
    assert [reply.status for reply in replies] == [200, 200, 200]
    flow = (await server.call("GET", "/v1/flows/welcome")).body
    assert (flow["name"], flow["description"], flow["folder"]) == ("N", "D", "f")
    assert flow["draft_revision"] == 4


async def test_list_is_filtered_and_paged(server: Server) -> None:
    for n in range(5):
        await create(
            server,
            WELCOME.replace("flow: welcome", f"flow: welcome-{n}").replace("name: Welcome", f"name: N{n}"),
        )
    first = await server.call("GET", "/v1/flows?limit=3")
    rest = await server.call("GET", f"/v1/flows?limit=3&cursor={first.body['next_cursor']}")
    keys = [one["flow"] for one in first.body["items"] + rest.body["items"]]
    assert sorted(keys) == [f"welcome-{n}" for n in range(5)]
    assert rest.body["next_cursor"] is None
    assert [one["flow"] for one in (await server.call("GET", "/v1/flows?q=n3")).body["items"]] == [
        "welcome-3"
    ]
    assert (await server.call("GET", "/v1/flows?state=published")).body["items"] == []
    assert (await server.call("GET", "/v1/flows?cursor=gone")).pointers == ["/query/cursor"]


async def test_same_idempotency_key_creates_once(server: Server) -> None:
    for _ in range(2):
        assert (
            await server.call("POST", "/v1/flows", WELCOME.encode(), Content_Type=YAML, Idempotency_Key="k-1")
        ).status == 201
    other = WELCOME.replace("flow: welcome", "flow: other").encode()
    reused = await server.call("POST", "/v1/flows", other, Content_Type=YAML, Idempotency_Key="k-1")
    assert (reused.status, reused.code) == (422, "key_reused")
    for key in ("", "x" * 129, "\u00e4"):
        reply = await server.call("POST", "/v1/flows", other, Content_Type=YAML, Idempotency_Key=key)
        assert reply.status == 400, key


async def test_versions_come_in_pages_newest_first(server: Server) -> None:
    await create(server)
    for _ in range(3):
        await server.call("POST", "/v1/flows/welcome/publish", {})
    first = (await server.call("GET", "/v1/flows/welcome/versions?limit=2")).body
    assert [item["version"] for item in first["items"]] == [3, 2]
    rest = (
        await server.call("GET", f"/v1/flows/welcome/versions?limit=2&cursor={first['next_cursor']}")
    ).body
    assert ([item["version"] for item in rest["items"]], rest["next_cursor"]) == ([1], None)


async def test_an_archived_flow_is_not_published(server: Server) -> None:
    await server.publish()
    await server.call("DELETE", "/v1/flows/welcome")
    reply = await server.call("POST", "/v1/flows/welcome/publish", {})
    assert (reply.status, reply.code) == (409, "conflict")
    assert len((await server.call("GET", "/v1/flows/welcome/versions")).body["items"]) == 1

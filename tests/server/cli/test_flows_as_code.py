"""Flows as code: push, pull and publish between folders and a real server, project and segments included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.cli import stored
from server.cli.client import Client
from server.cli.failures import Failure, Misused
from server.cli.project_writes import save_project
from server.cli.push import Publishing, push_flow
from server.cli.workspace import FILES_MAX, ProjectFile, documents_of, read_flow, read_workspace

from .conftest import Run, Served

PROJECT = """\
# What our flows share.
fields:
    plan:   {type: string}   # what they pay for
segments:
    # who comes often
    loyal: {rule: 'events("order.paid", "P90D").count() >= 3'}
"""


def flow(key: str, *, remark: str = "why it is so") -> str:
    return f"""\
# {remark}
flow:   {key}    # the key
triggers:
  shipped: {{type: event, event: parcel.shipped}}

start: 'done'
steps:
  done: {{type: end}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    return tmp_path / "flows"


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served.url, served.key) as client:
        yield client


def draft(client: Client, key: str) -> str:
    found = stored.draft(client, key)
    assert found is not None
    return found.text.decode()


def changes(stdout: str) -> dict[str, str]:
    listed: list[dict[str, Any]] = json.loads(stdout)["changes"]
    return {f"{each['kind']} {each['name']}": each["change"] for each in listed}


# ── push ───────────────────────────────────────────────────────────────────────────────────────────────


def test_folder_is_pushed_with_the_folders_in_it_and_without_tests(at: Run, folder: Path) -> None:
    (folder / "one.yaml").write_text(flow("walk-one"))
    (folder / "deep").mkdir()
    (folder / "deep" / "two.yml").write_text(flow("walk-two"))
    data = {"flow": "walk-three", "start": "done", "steps": {"done": {"type": "end"}}}
    (folder / "three.JSON").write_text(json.dumps(data))
    (folder / "one.test.yaml").write_text("is: no flow\n")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "four.yaml").write_text("is: no flow\n")
    (folder / "notes.txt").write_text("is: no flow\n")
    result = at("push", "flows")
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(result.stdout.splitlines()) == [
        "walk-one: created",
        "walk-three: created",
        "walk-two: created",
    ]
    assert at("push", "flows", "flows/one.yaml").stdout.count(": unchanged\n") == 3


def test_folder_with_bad_files_sends_nothing_and_names_them_all(at: Run, folder: Path) -> None:
    (folder / "flowdeck.yaml").write_text("segments: {vip: {rule: 'customer.tier =='}}\n")
    (folder / "a.yaml").write_text(flow("unsent"))
    (folder / "b.yaml").write_text(flow("wrong").replace("type: end", "type: nd"))
    result = at("push", "flows")
    assert result.exit_code == 1
    assert "nothing was done" in result.stderr
    assert "flows/b.yaml:8:" in result.stderr
    assert "flows/flowdeck.yaml:1:" in result.stderr
    assert at("push", "flows/a.yaml").stdout == "unsent: created\n"


def test_flow_in_two_files_is_refused(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("twice"))
    (folder / "b.yaml").write_text(flow("twice"))
    result = at("push", "flows")
    assert result.exit_code == 1
    assert "flows/b.yaml: the flow twice is in flows/a.yaml already" in result.stderr


def test_two_projects_are_refused(at: Run, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "flowdeck.yaml").write_text("{}\n")
    (folder / "sub" / "flowdeck.yaml").write_text("{}\n")
    result = at("push", "flows")
    assert result.exit_code == 1
    assert "a server has one project" in result.stderr


def test_as_many_documents_as_one_command_takes_and_no_more(folder: Path) -> None:
    for number in range(FILES_MAX):
        (folder / f"f{number}.yaml").touch()
    assert len(list(documents_of([folder]))) == FILES_MAX
    (folder / "one-more.yaml").touch()
    with pytest.raises(Misused, match=f"more than {FILES_MAX} documents"):
        list(documents_of([folder]))


def test_folder_without_documents_is_wrong_use(at: Run, folder: Path) -> None:
    result = at("push", "flows")
    assert result.exit_code == 2
    assert "no documents in flows" in result.stderr


def test_project_and_segments_go_before_the_flows_that_need_them(at: Run, folder: Path) -> None:
    waiting = flow("needs-regular").replace(
        "{type: event, event: parcel.shipped}", "{type: segment, segment: regular, change: enter}"
    )
    (folder / "a.yaml").write_text(waiting)
    (folder / "flowdeck.yaml").write_text("segments: {regular: {name: R, rule: 'customer.city == \"X\"'}}\n")
    result = at("push", "flows", "--publish")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == [
        "segment regular: created",
        "needs-regular: created, version 1 is published",
    ]
    again = at("push", "flows", "--publish").stdout.splitlines()
    assert again == [
        "flowdeck.yaml: unchanged",
        "segment regular: unchanged",
        "needs-regular: unchanged, version 1 is published",
    ]


def test_only_what_differs_of_a_segment_is_sent(at: Run, folder: Path, client: Client) -> None:
    text = "segments: {named: {name: Old, rule: 'customer.city == \"X\"'}}\n"
    (folder / "flowdeck.yaml").write_text(text)
    assert at("push", "flows").exit_code == 0
    before = client.get("/v1/segments/named").json()["progress"]
    (folder / "flowdeck.yaml").write_text(text.replace("Old", "New"))
    assert changes(at("push", "flows", "--json").stdout)["segment named"] == "updated"
    after = client.get("/v1/segments/named").json()
    assert after["name"] == "New"
    job = after["progress"]
    assert job is None or job["job"] == before["job"], "nobody is held against the rule again"


def test_document_of_the_other_form_is_the_same(at: Run, folder: Path) -> None:
    data = {"flow": "both-forms", "start": "done", "steps": {"done": {"type": "end"}}}
    (folder / "a.json").write_text(json.dumps(data))
    assert at("push", "flows/a.json", "--publish").exit_code == 0
    (folder / "a.yaml").write_text("flow: both-forms\nstart: done\nsteps: {done: {type: end}}\n")
    assert at("push", "flows/a.yaml", "--publish").stdout == (
        "both-forms: unchanged, version 1 is published\n"
    )


def test_change_of_a_second_editor_is_not_overwritten(at: Run, folder: Path, client: Client) -> None:
    (folder / "a.yaml").write_text(flow("shared"))
    at("push", "flows")
    looked_at = stored.draft(client, "shared")
    (folder / "a.yaml").write_text(flow("shared", remark="theirs"))
    at("push", "flows")
    (folder / "a.yaml").write_text(flow("shared", remark="mine"))
    with pytest.raises(Failure, match="somebody else saved the draft"):
        push_flow(client, read_flow(folder / "a.yaml"), looked_at, None)
    assert "# theirs" in draft(client, "shared")


def test_what_somebody_saved_after_the_push_is_not_published(at: Run, folder: Path, client: Client) -> None:
    (folder / "a.yaml").write_text(flow("unread"))
    at("push", "flows")
    file, looked_at = read_flow(folder / "a.yaml"), stored.draft(client, "unread")
    (folder / "a.yaml").write_text(flow("unread", remark="theirs"))
    at("push", "flows")
    with pytest.raises(Failure, match="somebody else saved the draft"):
        push_flow(client, file, looked_at, Publishing())
    assert client.get("/v1/flows/unread").json()["published"] is None


def test_project_of_a_second_editor_is_not_overwritten(at: Run, folder: Path, client: Client) -> None:
    looked_at = stored.project(client)
    (folder / "flowdeck.yaml").write_text("fields: {theirs: {type: string}}\n")
    assert at("push", "flows").exit_code == 0
    (folder / "flowdeck.yaml").write_text("fields: {mine: {type: string}}\n")
    mine = read_workspace([folder]).project
    assert isinstance(mine, ProjectFile)
    with pytest.raises(Failure, match="somebody else wrote the project"):
        save_project(client, mine, looked_at)
    assert b"theirs" in stored.project(client).whole


def test_json_says_what_was_done_before_the_end(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("first-goes"))
    (folder / "b.yaml").write_text(flow("second-fails").replace("start: 'done'", "start: 'dne'"))
    result = at("push", "flows", "--publish", "--json")
    assert result.exit_code == 1
    assert changes(result.stdout) == {"flow first-goes": "created"}
    assert "flows/b.yaml:6:" in result.stderr


# ── pull ───────────────────────────────────────────────────────────────────────────────────────────────


def test_round_trip_changes_nothing(at: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "flowdeck.yaml").write_text(PROJECT)
    (folder / "a.yaml").write_bytes(flow("round-a").replace("\n", "\r\n").encode())
    data = {"steps": {"done": {"type": "end"}}, "start": "done", "flow": "round-b"}
    (folder / "b.json").write_text(json.dumps(data, indent=1))
    assert at("push", "flows").exit_code == 0
    assert at("pull", "copy").exit_code == 0
    assert (tmp_path / "copy" / "round-a.yaml").read_bytes() == (folder / "a.yaml").read_bytes()
    assert (tmp_path / "copy" / "round-b.json").read_bytes() == (folder / "b.json").read_bytes()
    assert set(changes(at("pull", "copy", "--json").stdout).values()) == {"unchanged"}
    assert set(changes(at("push", "copy", "--json").stdout).values()) == {"unchanged"}
    assert not list((tmp_path / "copy").glob(".*"))


def test_comments_of_the_project_survive_what_the_server_adds(
    at: Run, folder: Path, tmp_path: Path, client: Client
) -> None:
    (folder / "flowdeck.yaml").write_text(PROJECT)
    assert at("push", "flows").exit_code == 0
    added = {"id": "by_api", "rule": 'customer.city == "Y"', "name": "By API"}
    assert client.reach("POST", "/v1/segments", added).ok
    changed = {"rule": 'events("order.paid", "P90D").count() >= 5'}
    assert client.reach("PATCH", "/v1/segments/loyal", changed).ok
    at("pull", "copy")
    text = (tmp_path / "copy" / "flowdeck.yaml").read_text()
    assert text.startswith("# What our flows share.\nfields:\n    plan:")
    assert "# who comes often" in text
    assert "# what they pay for" in text
    assert "count() >= 5" in text
    assert "    by_api:\n        name: By API\n" in text
    assert set(changes(at("push", "copy", "--json").stdout).values()) == {"unchanged"}


def test_flow_is_written_to_the_file_that_holds_it(at: Run, folder: Path) -> None:
    (folder / "deep").mkdir()
    file = folder / "deep" / "called-otherwise.yaml"
    file.write_text(flow("held"))
    at("push", "flows")
    server_text = file.read_text()
    file.write_text("flow: held\n# not finished yet\n")
    result = at("pull", "flows", "held")
    assert result.stdout == "flows/deep/called-otherwise.yaml: updated\n"
    assert file.read_text() == server_text
    assert not (folder / "held.yaml").exists()


def test_file_keeps_its_form(at: Run, folder: Path) -> None:
    data = {"flow": "formed", "start": "done", "steps": {"done": {"type": "end"}}}
    (folder / "a.json").write_text(json.dumps(data))
    at("push", "flows")
    (folder / "a.json").unlink()
    (folder / "a.yaml").write_text("flow: formed\nstart: other\n")
    assert at("pull", "flows", "formed").stdout == "flows/a.yaml: updated\n"
    assert (folder / "a.yaml").read_text().startswith("flow: formed\nstart: done\n")
    assert at("push", "flows").stdout == "formed: unchanged\n"


def test_file_of_something_else_is_not_overwritten(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("in-the-way"))
    at("push", "flows")
    (folder / "a.yaml").unlink()
    (folder / "in-the-way.yaml").write_text("my: notes\n")
    result = at("pull", "flows", "in-the-way")
    assert result.exit_code == 1
    assert "does not hold the flow in-the-way" in result.stderr
    assert (folder / "in-the-way.yaml").read_text() == "my: notes\n"


def test_published_version_instead_of_the_draft(at: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "a.yaml").write_text(flow("two-texts", remark="published"))
    at("push", "flows", "--publish")
    (folder / "a.yaml").write_text(flow("two-texts", remark="draft"))
    (folder / "b.yaml").write_text(flow("only-draft"))
    at("push", "flows")
    result = at("pull", "copy", "two-texts", "only-draft", "--published")
    assert result.stdout == "copy/two-texts.yaml: created\n"
    assert "only-draft has no published version" in result.stderr
    assert (tmp_path / "copy" / "two-texts.yaml").read_text().startswith("# published")


def test_archived_flow_is_only_taken_by_name(at: Run, folder: Path, client: Client) -> None:
    (folder / "a.yaml").write_text(flow("put-away"))
    at("push", "flows")
    assert client.reach("DELETE", "/v1/flows/put-away").ok
    assert "flow put-away" not in changes(at("pull", "copy", "--json").stdout)
    assert at("pull", "copy", "put-away").stdout == "copy/put-away.yaml: created\n"


def test_author_may_pull(at: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "flowdeck.yaml").write_text(PROJECT)
    assert at("push", "flows").exit_code == 0
    author = at("keys", "create", "--role", "author").stdout.strip()
    assert at("pull", "copy", "--key", author).exit_code == 0
    assert "loyal:" in (tmp_path / "copy" / "flowdeck.yaml").read_text()


def test_unknown_flow_writes_nothing(at: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "a.yaml").write_text(flow("known"))
    at("push", "flows")
    result = at("pull", "copy", "known", "nowhere")
    assert result.exit_code == 1
    assert "the server has no flow nowhere" in result.stderr
    assert not (tmp_path / "copy").exists()


def test_flow_that_is_called_as_the_project_is_has_another_file(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("flowdeck"))
    at("push", "flows")
    assert at("pull", "copy", "flowdeck").stdout == "copy/flowdeck-flow.yaml: created\n"


# ── publish ────────────────────────────────────────────────────────────────────────────────────────────


def test_publish_says_problems_counts_and_last_the_version(at: Run, folder: Path) -> None:
    waiting = (
        flow("counted")
        .replace("start: 'done'", "start: 'stay'")
        .replace(
            "steps:\n",
            "steps:\n  stay: {type: wait, until: [{id: e, type: event, event: never, next: done}]}\n",
        )
    )
    (folder / "a.yaml").write_text(waiting)
    at("push", "flows")
    would = at("publish", "counted", "--dry-run").stdout.splitlines()
    assert would[0].startswith("counted:8:")
    assert "warning waits_forever" in would[0]
    assert would[-1] == "counted: version 1 would be published"
    assert at("publish", "counted").stdout.splitlines()[-1] == "counted: version 1 is published"
    at("events", "send", stdin='{"name": "parcel.shipped", "customer": "c1"}\n')
    kept = at("publish", "counted", "--dry-run").stdout.splitlines()
    assert kept[-2:] == ["version 1: 1 running, kept", "counted: version 2 would be published"]
    tried = at("publish", "counted", "--running", "migrate", "--dry-run").stdout.splitlines()
    assert tried[-2] == "version 1: 1 live, 1 tried, 1 can move"
    ended = at("publish", "counted", "--running", "cancel", "--note", "all over", "--json")
    answer = json.loads(ended.stdout)
    assert (answer["published"], answer["cancelled"]) == (2, 1)


def test_instances_move_with_a_publish_and_the_job_is_named(at: Run, folder: Path) -> None:
    waiting = flow("moving").replace("start: 'done'", "start: 'stay'").replace("parcel.shipped", "moving.on")
    step = "  stay: {type: wait, until: [{id: e, type: time, after: P9D, next: done}]}\n"
    (folder / "a.yaml").write_text(waiting.replace("steps:\n", "steps:\n" + step))
    at("push", "flows", "--publish")
    at("events", "send", stdin='{"name": "moving.on", "customer": "c1"}\n')
    said = at("publish", "moving", "--running", "migrate").stdout.splitlines()
    assert said[0] == "version 1: 1 live, 1 tried, 1 can move"
    assert said[1].startswith("job ")
    assert said[2] == "moving: version 2 is published"


def test_draft_with_errors_is_not_published(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("faulty").replace("start: 'done'", "start: 'dne'"))
    at("push", "flows")
    result = at("publish", "faulty")
    assert result.exit_code == 1
    assert "faulty:6:" in result.stderr


def test_unknown_flow_is_not_published(at: Run) -> None:
    result = at("publish", "no-such-flow")
    assert result.exit_code == 1
    assert "There is no flow" in result.stderr

"""`push`: folders of flows and their project, checked whole, sent in part, and safe beside other editors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.cli import stored
from server.cli.changes import Change
from server.cli.client import Client
from server.cli.failures import Failure, Misused
from server.cli.project_writes import save_project
from server.cli.push import Publishing, push_flow
from server.cli.workspace import FILES_MAX, ProjectFile, documents_of, read_flow, read_workspace

from .conftest import Run, changes, flow


def draft(client: Client, key: str) -> str:
    found = stored.draft(client, key)
    assert found is not None
    return found.text.decode()


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
    said: list[Change] = []
    with pytest.raises(Failure, match="somebody else saved the draft"):
        push_flow(client, read_flow(folder / "a.yaml"), looked_at, None, said.append)
    assert said == []
    assert "# theirs" in draft(client, "shared")


def test_what_somebody_saved_after_the_push_is_not_published(at: Run, folder: Path, client: Client) -> None:
    (folder / "a.yaml").write_text(flow("unread"))
    at("push", "flows")
    file, looked_at = read_flow(folder / "a.yaml"), stored.draft(client, "unread")
    (folder / "a.yaml").write_text(flow("unread", remark="theirs"))
    at("push", "flows")
    said: list[Change] = []
    with pytest.raises(Failure, match="somebody else saved the draft"):
        push_flow(client, file, looked_at, Publishing(), said.append)
    assert [(each.what, each.version) for each in said] == [("unchanged", None)]
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
    assert changes(result.stdout) == {"flow first-goes": "created", "flow second-fails": "created"}
    assert "flows/b.yaml:6:" in result.stderr

"""`pull`: a server's flows and project as files, as they were written, and back without a change."""

from __future__ import annotations

import json
from pathlib import Path

from server.cli.client import Client

from .conftest import PROJECT, Run, changes, flow


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

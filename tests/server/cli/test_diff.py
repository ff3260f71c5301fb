"""`diff`: what files and a server do not have in common, and an exit code that says if there is anything."""

from __future__ import annotations

import json
from pathlib import Path

from server.cli.client import Client

from .conftest import PROJECT, Run, flow


def test_what_is_the_same_says_nothing_however_it_is_written(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("written"))
    at("push", "flows")
    (folder / "a.yaml").write_text(flow("written", remark="another").replace("'done'", "done"))
    result = at("diff", "flows/a.yaml")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_what_differs_is_named_with_its_file(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("differs"))
    at("push", "flows")
    (folder / "a.yaml").write_text(flow("differs").replace("parcel.shipped", "parcel.sent"))
    (folder / "b.yaml").write_text(flow("not-there"))
    result = at("diff", "flows/a.yaml", "flows/b.yaml")
    assert result.exit_code == 1
    lines = ["flows/a.yaml: changed", "  triggers shipped: changed", "flows/b.yaml: only here"]
    assert result.stdout.splitlines() == lines


def test_folder_is_held_against_all_that_the_server_has(at: Run, folder: Path, client: Client) -> None:
    (folder / "a.yaml").write_text(flow("gone-here"))
    (folder / "b.yaml").write_text(flow("gone-and-archived"))
    at("push", "flows")
    assert client.reach("DELETE", "/v1/flows/gone-and-archived").ok
    (folder / "a.yaml").unlink()
    lines = at("diff", "flows").stdout.splitlines()
    assert "gone-here: only on the server" in lines
    assert "gone-and-archived: only on the server" not in lines
    assert "gone-here: only on the server" not in at("diff", "flows/b.yaml").stdout


def test_project_differs_by_its_entries(at: Run, folder: Path, client: Client) -> None:
    (folder / "flowdeck.yaml").write_text(PROJECT)
    at("push", "flows/flowdeck.yaml")
    assert client.reach("PATCH", "/v1/segments/loyal", {"rule": "customer.city == 'Z'"}).ok
    text = PROJECT.replace("plan:", "tier:").replace("}   #", "} #") + "app_events: [cart.viewed]\n"
    (folder / "flowdeck.yaml").write_text(text)
    result = at("diff", "flows/flowdeck.yaml", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    (project,) = answer["documents"]
    parts = project["parts"]
    assert answer["same"] is False
    assert parts.pop("segments loyal") == "changed"
    assert parts.pop("fields plan") == "only_on_server"
    assert parts.pop("fields tier") == "only_here"
    assert parts.pop("app_events cart.viewed") == "only_here"
    assert set(parts.values()) <= {"only_on_server"}, "segments of other tests"


def test_published_versions_are_compared_in_place_of_drafts(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("ahead"))
    at("push", "flows", "--publish")
    (folder / "a.yaml").write_text(flow("ahead").replace("parcel.shipped", "parcel.sent"))
    at("push", "flows")
    assert at("diff", "flows/a.yaml").exit_code == 0
    result = at("diff", "flows/a.yaml", "--published")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (1, "flows/a.yaml: changed")

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
    assert result.stdout.splitlines() == [
        "flows/a.yaml: changed",
        "  triggers shipped: changed",
        '    /event: ["parcel.shipped"] -> ["parcel.sent"]',
        "flows/b.yaml: only here",
    ]


def test_steps_and_templates_are_told_one_by_one(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("by-step"))
    at("push", "flows")
    more = "  done: {type: end, outcome: well}\n  tell: {type: send_card, card: note, next: done}\n"
    card = f"cards: {{note: {{body: [{{type: text, text: {'long ' * 20}}}]}}}}\n"
    text = flow("by-step").replace("  done: {type: end}\n", more).replace("start: 'done'", "start: tell")
    (folder / "a.yaml").write_text(text + card)
    assert at("diff", "flows/a.yaml").stdout.splitlines() == [
        "flows/a.yaml: changed",
        "  start: changed",
        '    /start: ["done"] -> ["tell"]',
        "  steps done: changed",
        '    /outcome: nothing -> "well"',
        "  steps tell: only here",
        "  cards note: only here",
    ]
    (folder / "b.yaml").write_text(text.replace("by-step", "by-json") + card)
    at("push", "flows/b.yaml")
    (folder / "b.yaml").write_text(text.replace("by-step", "by-json") + card.replace("long", "short"))
    line = at("diff", "flows/b.yaml").stdout.splitlines()[-1]
    assert line.endswith("…"), "long values are cut"
    whole = json.loads(at("diff", "flows/b.yaml", "--json").stdout)
    (change,) = whole["documents"][0]["changes"]
    assert (change["part"], change["id"], change["change"]) == ("cards", "note", "changed")
    assert change["fields"][0]["new"] == ("short " * 20).strip()


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
    parts = {f"{each['part']} {each['id']}": each["change"] for each in project["changes"]}
    assert answer["same"] is False
    assert parts.pop("segments loyal") == "changed"
    assert parts.pop("fields plan") == "removed"
    assert parts.pop("fields tier") == "added"
    assert parts.pop("app_events cart.viewed") == "added"
    assert set(parts.values()) <= {"removed"}, "segments of other tests"


def test_published_versions_are_compared_in_place_of_drafts(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("ahead"))
    at("push", "flows", "--publish")
    (folder / "a.yaml").write_text(flow("ahead").replace("parcel.shipped", "parcel.sent"))
    at("push", "flows")
    assert at("diff", "flows/a.yaml").exit_code == 0
    result = at("diff", "flows/a.yaml", "--published")
    assert result.exit_code == 1
    assert '/event: ["parcel.shipped"] -> ["parcel.sent"]' in result.stdout

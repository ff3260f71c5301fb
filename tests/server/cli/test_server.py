"""Commands against a running server: serve itself, keys that apply at once, push, events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run, Served

FLOW = """\
flow: parcel
triggers:
  shipped: {type: event, event: parcel.shipped}
start: tell
steps:
  tell: {type: send_card, card: note, delivery: {expires_after: P1D}, next: done}
  done: {type: end}
cards:
  note: {title: Parcel, body: [{type: headline, text: On its way}, {type: dismiss, label: Thanks}]}
"""


def test_new_key_works_and_a_revoked_one_does_not_at_once(at: Run, served: Served) -> None:
    created = json.loads(at("keys", "create", "--role", "operate", "--json").stdout)
    assert served.status("/v1/instances", created["key"]) == 200
    at("keys", "revoke", created["id"])
    assert served.status("/v1/instances", created["key"]) == 401


def test_token_of_a_new_app_opens_the_app_api(at: Run, served: Served) -> None:
    assert at("apps", "create", "shop", "--hs256", "a secret of at least thirty-two bytes").exit_code == 0
    token = at("token", "ann", "--app", "shop").stdout.strip()
    assert served.status("/v1/me", token) == 200
    assert at("apps", "remove", "shop").exit_code == 0
    assert served.status("/v1/me", token) == 401


def test_folder_in_use_is_refused_to_a_second_server(at: Run) -> None:
    result = at("serve", "--port", "0")
    assert result.exit_code == 3
    assert "in use" in result.stderr


def test_push_creates_updates_and_leaves_alone(at: Run, tmp_path: Path) -> None:
    file = tmp_path / "parcel.yaml"
    file.write_text(FLOW)
    assert at("push", "parcel.yaml").stdout == "parcel: created\n"
    assert at("push", "parcel.yaml").stdout == "parcel: unchanged\n"
    file.write_text(FLOW + "# a remark\n")
    assert at("push", "parcel.yaml", "--publish").stdout == "parcel: updated, version 1 is published\n"
    assert at("push", "parcel.yaml", "--publish").stdout == "parcel: unchanged, version 1 is published\n"


def test_push_sends_nothing_while_a_file_is_wrong(at: Run, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(FLOW.replace("flow: parcel", "flow: other"))
    (tmp_path / "bad.yaml").write_text(FLOW.replace("type: end", "type: nd"))
    result = at("push", "good.yaml", "bad.yaml")
    assert result.exit_code == 1
    assert "bad.yaml:7:" in result.stderr
    assert at("push", "good.yaml").stdout == "other: created\n"


def test_draft_that_cannot_be_published_is_told_where(at: Run, tmp_path: Path) -> None:
    (tmp_path / "lost.yaml").write_text(
        FLOW.replace("flow: parcel", "flow: lost").replace("start: tell", "start: tll")
    )
    result = at("push", "lost.yaml", "--publish")
    assert result.exit_code == 1
    assert "lost.yaml:4:8: error " in result.stderr


def test_events_are_sent_and_sent_again_without_effect(at: Run, tmp_path: Path) -> None:
    lines = [{"id": f"e-{n}", "name": "parcel.seen", "customer": f"c{n}"} for n in range(25)]
    (tmp_path / "events.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    assert at("events", "send", "events.jsonl", "--batch", "10").stdout == "accepted 25, duplicates 0\n"
    assert at("events", "send", "events.jsonl").stdout == "accepted 0, duplicates 25\n"


def test_events_without_ids_get_some(at: Run) -> None:
    line = json.dumps({"name": "parcel.seen", "customer": "c1"})
    result = at("events", "send", "--json", stdin=f"{line}\n{line}\n")
    assert json.loads(result.stdout) == {"accepted": 2, "duplicates": 0, "conflicts": []}


def test_other_event_under_a_known_id_is_a_conflict(at: Run) -> None:
    at("events", "send", stdin='{"id": "same", "name": "parcel.seen", "customer": "c1"}\n')
    result = at("events", "send", stdin='{"id": "same", "name": "parcel.lost", "customer": "c1"}\n')
    assert result.exit_code == 1
    assert "same" in result.stderr


def test_wrong_event_is_named_by_its_line(at: Run, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"name": "parcel.seen"}\n\n{"name": "card.created"}\n')
    result = at("events", "send", "events.jsonl")
    assert result.exit_code == 1
    assert "events.jsonl:3 /name" in result.stderr


def test_line_that_is_no_json_is_named(at: Run, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"name": "a.b"}\n{oh no\n')
    result = at("events", "send", "events.jsonl")
    assert result.exit_code == 1
    assert "events.jsonl:2: not JSON" in result.stderr


def test_wrong_key_is_a_no_with_a_hint(at: Run) -> None:
    result = at("events", "send", "--key", "fd_wrong", stdin='{"name": "a.b"}\n')
    assert result.exit_code == 1
    assert "keys create" in result.stderr


def test_server_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(FLOW)
    result = run("push", "parcel.yaml", "--server", "http://127.0.0.1:9", "--key", "fd_any")
    assert result.exit_code == 3
    assert "does not answer" in result.stderr


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("--server", "localhost:8080", "--key", "fd_x"), "is not a server's address"),
        (("--server", "http://127.0.0.1:9"), "an API key is needed"),
    ],
)
def test_wrong_address_or_no_key_is_wrong_use(run: Run, args: tuple[str, ...], text: str) -> None:
    result = run("events", "send", *args, stdin="")
    assert result.exit_code == 2
    assert text in result.stderr


def test_serve_needs_an_admin_key(run: Run) -> None:
    run("keys", "create", "--role", "events")
    result = run("serve", "--port", "0")
    assert result.exit_code == 2
    assert "has no admin key" in result.stderr


def test_serve_is_not_exposed_without_tls(run: Run) -> None:
    run("keys", "create", "--role", "admin")
    result = run("serve", "--host", "0.0.0.0", "--port", "0")
    assert result.exit_code == 2
    assert "tls_cert" in result.stderr

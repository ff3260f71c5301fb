"""Keys on a folder at rest: made, listed, revoked; printed once, kept as a digest."""

import json
from pathlib import Path

from .conftest import Run


def test_created_key_is_all_that_stdout_holds(run: Run) -> None:
    result = run("keys", "create", "--role", "admin")
    assert result.exit_code == 0
    assert result.stdout.startswith("fd_")
    assert result.stdout.count("\n") == 1


def test_key_is_stored_as_a_digest(run: Run, tmp_path: Path) -> None:
    text = run("keys", "create", "--role", "events", "--name", "shop").stdout.strip()
    assert text not in run("keys", "list", "--json").stdout
    assert all(text.encode() not in file.read_bytes() for file in (tmp_path / "data").iterdir())


def test_list_shows_names_roles_and_state(run: Run) -> None:
    created = json.loads(run("keys", "create", "--role", "events", "--role", "operate", "--json").stdout)
    assert run("keys", "revoke", created["id"]).stdout.strip() == created["id"]
    (shown,) = json.loads(run("keys", "list", "--json").stdout)["items"]
    assert shown["roles"] == ["events", "operate"]
    assert shown["revoked_at"].endswith("Z")
    assert "key" not in shown


def test_list_for_scripts_has_one_line_a_key_and_no_header(run: Run) -> None:
    run("keys", "create", "--role", "events", "--name", "a")
    run("keys", "create", "--role", "events", "--name", "b")
    lines = run("keys", "list").stdout.splitlines()
    assert [line.split("\t")[-1] for line in lines] == ["a", "b"]


def test_revoking_the_last_admin_key_is_told(run: Run) -> None:
    admin = json.loads(run("keys", "create", "--role", "admin", "--json").stdout)
    result = run("keys", "revoke", admin["id"])
    assert result.exit_code == 0
    assert "no admin key is left" in result.stderr


def test_unknown_key_is_a_no_with_a_hint(run: Run) -> None:
    run("keys", "create", "--role", "admin")
    result = run("keys", "revoke", "nobody")
    assert result.exit_code == 1
    assert "no key that works has the id nobody" in result.stderr
    assert "keys list" in result.stderr


def test_a_key_needs_a_role(run: Run) -> None:
    assert run("keys", "create").exit_code == 2
    assert run("keys", "create", "--role", "king").exit_code == 2


def test_list_does_not_make_a_folder(run: Run, tmp_path: Path) -> None:
    result = run("keys", "list")
    assert result.exit_code == 1
    assert "there is no installation" in result.stderr
    assert not (tmp_path / "data").exists()


def test_data_option_wins_over_the_variable(run: Run, tmp_path: Path) -> None:
    assert run("keys", "create", "--role", "admin", "--data", str(tmp_path / "other")).exit_code == 0
    assert (tmp_path / "other").exists()
    assert not (tmp_path / "data").exists()


def test_wrong_configuration_is_wrong_use_and_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[store]\nfoldr = 'x'\n")
    result = run("keys", "list")
    assert result.exit_code == 2
    assert "store.foldr" in result.stderr
    assert "store.folder" in result.stderr


def test_what_is_stored_is_the_owners_alone_in_a_folder_that_is_open_to_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    run("keys", "create", "--role", "admin")
    assert [oct(file.stat().st_mode & 0o077) for file in (tmp_path / "data").iterdir()] == ["0o0", "0o0"]

"""Backup, restore and doctor on a folder at rest."""

import json
from pathlib import Path

from server.db.lock import FolderLock

from .conftest import Run


def test_restored_folder_has_the_keys_of_the_backup_and_another_epoch(run: Run, tmp_path: Path) -> None:
    run("keys", "create", "--role", "admin", "--name", "first")
    assert run("backup", "copy.db").stdout == "copy.db\n"
    run("keys", "create", "--role", "events", "--name", "second")
    epochs = set()
    for folder in ("one", "two"):
        result = run("restore", "copy.db", "--data", folder, "--json")
        assert result.exit_code == 0
        epochs.add(json.loads(result.stdout)["epoch"])
    assert len(epochs) == 2
    listed = json.loads(run("keys", "list", "--json", "--data", "one").stdout)["items"]
    assert [key["name"] for key in listed] == ["first"]


def test_backup_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    run("keys", "create", "--role", "admin")
    (tmp_path / "copy.db").write_text("precious")
    result = run("backup", "copy.db")
    assert result.exit_code == 1
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_restore_refuses_a_folder_in_use(run: Run, tmp_path: Path) -> None:
    run("keys", "create", "--role", "admin")
    run("backup", "copy.db")
    with FolderLock(tmp_path / "data"):
        result = run("restore", "copy.db", "--data", "data")
    assert result.exit_code == 1
    assert "stop the server first" in result.stderr


def test_restore_refuses_what_is_no_backup_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    run("keys", "create", "--role", "admin")
    before = (tmp_path / "data" / "flowdeck.db").read_bytes()
    (tmp_path / "copy.db").write_text("not a database, whatever its name says")
    result = run("restore", "copy.db", "--data", "data")
    assert result.exit_code == 3
    assert (tmp_path / "data" / "flowdeck.db").read_bytes() == before


def test_restore_of_no_file_is_wrong_use_and_makes_no_folder(run: Run, tmp_path: Path) -> None:
    result = run("restore", "none.db", "--data", "new")
    assert result.exit_code == 2
    assert "none.db" in result.stderr
    assert not (tmp_path / "new").exists()


def test_what_was_there_is_kept(run: Run, tmp_path: Path) -> None:
    run("keys", "create", "--role", "admin")
    run("backup", "copy.db")
    answer = json.loads(run("restore", "copy.db", "--data", "data", "--json").stdout)
    assert (Path(answer["kept"]) / "flowdeck.db").exists()


def test_doctor_finds_a_whole_folder_healthy(run: Run) -> None:
    run("keys", "create", "--role", "admin")
    result = run("doctor", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["healthy"] is True
    assert any(finding["what"] == "the file is whole" for finding in answer["findings"])


def test_doctor_names_a_damaged_file(run: Run, tmp_path: Path) -> None:
    run("keys", "create", "--role", "admin")
    file = tmp_path / "data" / "flowdeck.db"
    file.write_bytes(file.read_bytes()[:5000])
    result = run("doctor")
    assert result.exit_code == 1
    assert "restore a backup" in result.stdout


def test_doctor_names_a_wrong_configuration_and_goes_on(run: Run, tmp_path: Path) -> None:
    run("keys", "create", "--role", "admin")
    (tmp_path / "config.toml").write_text("[server]\nport = 'eighty'\n")
    result = run("doctor")
    assert result.exit_code == 1
    assert "server.port" in result.stdout
    assert "the file is whole" in result.stdout

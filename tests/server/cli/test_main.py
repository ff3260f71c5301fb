"""The command as a whole: it starts fast, and help names every command."""

import subprocess
import sys

import pytest

from server.cli import COMMANDS, flowdeck

from .conftest import Run

HEAVY = {"aiohttp", "msgspec", "rules", "actors", "liquid", "rich"}


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys, server.cli\n"
        "server.cli.flowdeck.main(['version'], standalone_mode=False)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not HEAVY & set(printed.split())


def test_help_names_every_command(run: Run) -> None:
    shown = run("--help").stdout
    assert all(name in shown for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_unknown_command_is_wrong_use(run: Run) -> None:
    assert run("serv").exit_code == 2


def test_commands_are_found_by_their_modules() -> None:
    assert flowdeck.name == "flowdeck"

"""The command line: one command, `flowdeck`, whose commands are modules that load when they are called.

Nothing heavy is imported here: `flowdeck version` and `--help` answer at once.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final

import click

# In the order of `--help`. The sentence stands here so that help need not load what it speaks of.
COMMANDS: Final[Mapping[str, str]] = {
    "demo": "Everything on an embedded store: example flows, sample customers, a page to play with.",
    "serve": "The server.",
    "keys": "API keys of backends and people: create, list, revoke.",
    "apps": "What verifies the tokens of an app's customers: create, list, remove.",
    "token": "A customer's token, for trying things out.",
    "validate": "Check flow documents.",
    "test": "Run flow tests without a server.",
    "simulate": "Play a script in a flow, and print what happens.",
    "push": "Create or update flows on a server, and publish them.",
    "pull": "Write a server's flows into a folder.",
    "diff": "Say how files differ from what a server holds.",
    "publish": "Publish a flow's draft.",
    "events": "Post events from a file.",
    "backup": "Copy a data folder, also while its server runs.",
    "restore": "Make a data folder from a backup.",
    "doctor": "Look for what is wrong with a data folder, and say what to do.",
    "version": "Which version this is.",
}


class Commands(click.Group):
    """A command `x` is `server.cli.x.command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = importlib.import_module(f"{__name__}.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 the answer is no, 2 wrong use, 3 the server or store failed.",
)
def flowdeck() -> None:
    """Runs flows: what to show or send one customer, when, and what to do with the answer."""


def main() -> None:
    flowdeck.main(prog_name="flowdeck")

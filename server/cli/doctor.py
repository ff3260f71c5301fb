"""`flowdeck doctor`: what is wrong with the configuration, the machine and the data, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from .answers import json_option, say_json
from .failures import Failure, Misused
from .folder import configured, folder_options

if TYPE_CHECKING:
    from server.db.doctor import Finding

# Beside the sockets: the store's files, the log, what a library has open.
FILES_BESIDE: Final = 64
COLOURS: Final = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "red"}


@click.command("doctor")
@folder_options
@json_option
@click.pass_context
def command(ctx: click.Context, data: str | None, config_file: Path | None, as_json: bool) -> None:
    """Look at everything, also beside a running server. Exit code 1 if something is wrong."""
    from server.clock import SystemClock
    from server.db.doctor import examine, worst

    findings, folder, files_wanted = _configuration(config_file, data)
    findings += examine(folder, now=SystemClock().now(), files_wanted=files_wanted)
    if as_json:
        say_json({"healthy": worst(findings) != "error", "findings": [_as_json(each) for each in findings]})
    else:
        for finding in findings:
            _say(finding)
    ctx.exit(Failure.exit_code if worst(findings) == "error" else 0)


def _configuration(config_file: Path | None, data: str | None) -> tuple[list[Finding], Path, int]:
    """A configuration that cannot be used is a finding like any other; the data is looked at all the same."""
    from server.db.doctor import Finding
    from server.settings import Config

    try:
        config = configured(config_file, data=data)
        findings = [Finding(what="the configuration can be used")]
    except Misused as error:
        config = Config()
        findings = [Finding(what=error.message, do="correct what is named", severity="error")]
    folder = Path(data or config.store.folder)
    return findings, folder, config.live.connections_max + FILES_BESIDE


def _say(finding: Finding) -> None:
    click.secho(f"{finding.severity:8}", nl=False, fg=COLOURS[finding.severity])
    click.echo(finding.what)
    if finding.do:
        click.echo(f"        → {finding.do}")


def _as_json(finding: Finding) -> dict[str, str]:
    return {"severity": finding.severity, "what": finding.what, "do": finding.do}

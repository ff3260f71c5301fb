"""`flowdeck validate`: checks flow documents without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .answers import is_terminal, json_option, say_json
from .documents import document_type, read_document, shown
from .failures import Failure
from .folder import configured

if TYPE_CHECKING:
    from rules.documents.problems import Problem


@click.command("validate")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--config", "config_file", metavar="FILE", type=click.Path(path_type=Path), help="For constants."
)
@json_option
@click.pass_context
def command(ctx: click.Context, files: tuple[Path, ...], config_file: Path | None, as_json: bool) -> None:
    """Check flow documents: `path:line:col: error code: message`."""
    from rules.compiling.flows import check
    from rules.documents.problems import Severity

    constants = configured(config_file).flows.constants
    found: list[tuple[Path, Problem]] = []
    for file in files:
        compiled = check(read_document(file), type=document_type(file), constants=constants)
        found += [(file, problem) for problem in compiled.problems]
    errors = sum(problem.severity is Severity.ERROR for _, problem in found)
    if as_json:
        say_json({"valid": errors == 0, "problems": [_as_json(*each) for each in found]})
    else:
        for each in found:
            click.echo(shown(*each))
        if is_terminal():
            click.secho(
                _summary(len(files), errors, len(found) - errors), err=True, fg="red" if errors else "green"
            )
    ctx.exit(Failure.exit_code if errors else 0)


def _summary(files: int, errors: int, warnings: int) -> str:
    return ", ".join((_count(files, "file"), _count(errors, "error"), _count(warnings, "warning")))


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count or 'no'} {noun}s"


def _as_json(file: Path, problem: Problem) -> dict[str, object]:
    return {
        "file": str(file),
        "line": problem.line,
        "column": problem.column,
        "severity": problem.severity.value,
        "code": problem.code,
        "pointer": problem.pointer,
        "message": problem.message,
    }

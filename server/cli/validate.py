"""`flowdeck validate`: checks flow documents, their tests and projects without a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.project_file import PROJECT_FILE

from .answers import is_terminal, json_option, say_json
from .documents import document_type, read_document, shown
from .failures import Failure
from .folder import configured
from .project import project_of
from .workspace import TEST_SUFFIX, documents_of

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
    """Check flow documents, and tests without playing them: `path:line:col: error code: message`.

    A flow is held against the `flowdeck.yaml` of its folder, or of one above it. A folder stands for all that
    is in it.
    """
    from rules.documents.problems import Severity

    constants = configured(config_file).flows.constants
    found: list[tuple[Path, Problem]] = []
    checked = list(_files(files))
    for file in checked:
        found += [(file, problem) for problem in _problems(file, constants)]
    errors = sum(problem.severity is Severity.ERROR for _, problem in found)
    if as_json:
        say_json({"valid": errors == 0, "problems": [_as_json(*each) for each in found]})
    else:
        for each in found:
            click.echo(shown(*each))
        if is_terminal():
            click.secho(
                _summary(len(checked), errors, len(found) - errors), err=True, fg="red" if errors else "green"
            )
    ctx.exit(Failure.exit_code if errors else 0)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    from server.flow_tests.finding import find_tests

    for path in paths:
        if path.is_dir():
            yield from documents_of([path])
            yield from find_tests([path])
        else:
            yield path


def _problems(file: Path, constants: Mapping[str, object]) -> Sequence[Problem]:
    from rules.compiling.flows import check
    from rules.compiling.project import compile_project

    text, type = read_document(file), document_type(file)
    if file.name == PROJECT_FILE:
        return compile_project(text, type=type).problems
    if file.stem.endswith(TEST_SUFFIX):
        return _problems_of_test(file, text, constants)
    project = project_of(file)
    known = {**project.constants, **constants}
    return check(text, type=type, constants=known, project=project).problems


def _problems_of_test(file: Path, text: bytes, constants: Mapping[str, object]) -> Sequence[Problem]:
    from rules.scripts.loading import WrittenTest, load_test, read_test
    from server.flow_tests.folder import beside

    read = read_test(text, type=document_type(file))
    if not isinstance(read, WrittenTest):
        return read
    folder = beside(file, constants)
    return load_test(read, folder.flow, shared=folder.shared).problems


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

"""`flowdeck test`: runs flow tests without a server."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .answers import is_terminal, json_option, say_json
from .failures import Failure, Misused
from .folder import configured

if TYPE_CHECKING:
    from server.flow_tests.running import FileResult, Setting
    from server.flow_tests.story import Line

JOBS_MAX: Final = 256
COLOURS: Final = {"input": "cyan", "read": "bright_black", "effect": "green", "trouble": "red"}


@click.command("test")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Run again what a changed file concerns, until Ctrl-C.")
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="Write JUnit XML, too.")
@click.option(
    "--jobs", type=click.IntRange(1, JOBS_MAX), help="Processes; default: as many as there are cores."
)
@click.option(
    "--config", "config_file", metavar="FILE", type=click.Path(path_type=Path), help="For constants."
)
@json_option
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Run flow tests: `x.test.yaml` beside `x.yaml`; of folders, all below them."""
    from server.flow_tests.running import setting_of

    paths, as_json, watch = given["paths"], given["as_json"], given["watch"]
    if watch and as_json:
        raise Misused("--watch tells people what happens; --json answers once")
    setting = setting_of(configured(given["config_file"]).flows)
    jobs = given["jobs"] or os.cpu_count() or 1
    results = _run(_found(paths, may_be_none=watch), setting, jobs=jobs, quiet=as_json)
    if as_json:
        _say_json(results)
    if given["junit"] is not None:
        _write_junit(results, given["junit"])
    if watch:
        _watch(paths, results, setting, jobs=jobs)
    ctx.exit(Failure.exit_code if any(each.failed or each.is_broken for each in results) else 0)


def _found(paths: Sequence[Path], *, may_be_none: bool) -> list[Path]:
    from server.flow_tests.finding import NoSuchPath, find_tests

    try:
        files = find_tests(paths)
    except NoSuchPath as error:
        raise Misused(str(error)) from error
    if not files and not may_be_none:
        raise Misused("no tests are here", hint="a test of x.yaml is called x.test.yaml")
    return files


def _run(files: Sequence[Path], setting: Setting, *, jobs: int, quiet: bool) -> list[FileResult]:
    from server.flow_tests.running import run_files
    from server.flow_tests.telling import summary

    results = []
    for result in run_files(files, setting, jobs=jobs):
        results.append(result)
        if not quiet:
            _say(result)
    if not quiet:
        good = not any(each.failed or each.is_broken for each in results)
        click.secho(summary(results), fg="green" if good else "red", bold=True)
    return results


def _say(result: FileResult) -> None:
    from server.flow_tests.telling import failure_lines, problem_lines

    for problem in problem_lines(result):
        click.secho(problem, fg="red")
    for case in result.cases:
        if case.status == "failed":
            for line in failure_lines(result.file, case):
                say_line(line)
    if not result.is_broken:
        failed = f", {result.failed} failed" if result.failed else ""
        click.secho(f"{result.file}: {result.passed} passed{failed}", fg="red" if failed else None)


def say_line(line: Line) -> None:
    click.secho(str(line), fg=COLOURS.get(line.kind), bold=line.kind == "instance")


def _say_json(results: Sequence[FileResult]) -> None:
    from server.flow_tests.telling import as_json

    say_json(as_json(results))


def _write_junit(results: Sequence[FileResult], file: Path) -> None:
    from server.flow_tests.junit import write_junit

    try:
        write_junit(results, file)
    except OSError as error:
        raise Misused(f"{file} cannot be written: {error.strerror}") from error


def _watch(paths: Sequence[Path], results: Sequence[FileResult], setting: Setting, *, jobs: int) -> None:
    from server.flow_tests.watching import LOOK_S, Watch

    watch = Watch(paths)
    watch.ran(results)
    try:
        while True:
            time.sleep(LOOK_S)
            files = watch.changed()
            if files:
                if is_terminal():
                    click.clear()
                watch.ran(_run(files, setting, jobs=jobs, quiet=False))
    except KeyboardInterrupt:
        click.echo()

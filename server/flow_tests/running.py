"""Plays the cases of test files, each file in one process, and gives what came out as plain values."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final, Literal

import msgspec

from actors.simulation.playing import Playing
from rules.documents.problems import Problem, Severity
from rules.scripts.judging import Failure
from rules.scripts.loading import WrittenTest, load_test, read_test
from rules.scripts.misses import Difference
from rules.scripts.model import Script
from rules.world import World
from server.settings import Flows

from .finding import Stamp, read, stamp_of, type_of
from .folder import beside
from .story import Line, story

GARBAGE_OBJECTS: Final = 100_000
"""As many more as there were make a process look for garbage: some cases' worth, a few MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the configuration says about flows: constants, and what counts where a customer has none."""

    constants: Mapping[str, object] = field(default_factory=dict)
    zone: str = "UTC"
    locale: str = "en"


def setting_of(flows: Flows) -> Setting:
    return Setting(constants=flows.constants, zone=flows.timezone, locale=flows.locale)


def world_of(script: Script, setting: Setting) -> World:
    return World(constants=script.constants, zone=setting.zone, locale=setting.locale)


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One case. `message`, its place and what differs are those of a failure; `story` leads up to it."""

    name: str
    status: Literal["passed", "failed"]
    seconds: float
    line: int | None = None
    column: int | None = None
    pointer: str = ""
    message: str = ""
    differences: tuple[Difference, ...] = ()
    story: tuple[Line, ...] = ()


class FileResult(msgspec.Struct, frozen=True, kw_only=True):
    """One file. A file with an error among its `problems` has no case that ran.

    `files` are those that were read for it, each as it was just before.
    """

    file: str
    cases: tuple[CaseResult, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: tuple[tuple[str, Stamp | None], ...] = ()

    @property
    def passed(self) -> int:
        return sum(case.status == "passed" for case in self.cases)

    @property
    def failed(self) -> int:
        return len(self.cases) - self.passed

    @property
    def is_broken(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def run_files(files: Sequence[Path], setting: Setting, *, jobs: int) -> Iterator[FileResult]:
    """In the order of the files, as soon as each is known; in as many processes as there are jobs."""
    if jobs <= 1 or len(files) <= 1:
        yield from (run_file(file, setting) for file in files)
        return
    # What is loaded already need not be loaded again in each process.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(min(jobs, len(files)), context, initializer=begin_process) as pool:
        yield from pool.map(partial(run_file, setting=setting), files)


def begin_process() -> None:
    """Of what is loaded nothing is garbage, and a case leaves little: looked for rarely, it costs little."""
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)


def run_file(file: Path, setting: Setting) -> FileResult:
    seen = {file: stamp_of(file)}
    try:
        text = read_test(read(file), type=type_of(file))
    except OSError as error:
        return _broken(file, f"It cannot be read: {error.strerror}.")
    if not isinstance(text, WrittenTest):
        return FileResult(file=str(file), problems=text, files=_told(seen))
    folder = beside(file, setting.constants)
    loaded = load_test(text, folder.flow, shared=folder.shared)
    cases = [_run(script, text, setting) for script in loaded.scripts]
    return FileResult(
        file=str(file), cases=tuple(cases), problems=loaded.problems, files=_told(seen | folder.files)
    )


def _told(seen: Mapping[Path, Stamp | None]) -> tuple[tuple[str, Stamp | None], ...]:
    return tuple((str(file), stamp) for file, stamp in seen.items())


def _run(script: Script, text: WrittenTest, setting: Setting) -> CaseResult:
    began = perf_counter()
    playing = Playing(script, world=world_of(script, setting))
    failure = playing.play()
    seconds = perf_counter() - began
    if failure is None:
        return CaseResult(name=script.name, status="passed", seconds=seconds)
    return _failed(script, failure, playing, text, seconds)


def _failed(
    script: Script, failure: Failure, playing: Playing, text: WrittenTest, seconds: float
) -> CaseResult:
    line, column = text.positions.find(failure.pointer)
    return CaseResult(
        name=script.name,
        status="failed",
        seconds=seconds,
        line=line,
        column=column,
        pointer=failure.pointer,
        message=failure.message,
        differences=failure.differences,
        story=tuple(story(playing.server, zone=playing.seen.zone)),
    )


def _broken(file: Path, message: str) -> FileResult:
    problem = Problem(severity=Severity.ERROR, code="unreadable", pointer="", message=message)
    return FileResult(file=str(file), problems=(problem,), files=((str(file), None),))

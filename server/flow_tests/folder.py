"""The flows of a folder, and what its project says: all that tests beside them can name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from rules.compiling.flows import check
from rules.compiling.project import compile_project
from rules.compiling.segments import compile_rule, rule_scope
from rules.customers.segments import Rule
from rules.documents.problems import Problem, Severity
from rules.documents.project import Project
from rules.errors import ExpressionError
from rules.model import Flow
from rules.project import UNKNOWN
from rules.scripts.shared import Shared
from server.project_file import PROJECT_FILE, project_file

from .finding import SUFFIXES, TEST_SUFFIXES, Stamp, line_of, read, stamp_of, type_of

_KEY: Final = re.compile(rb"""^["']?flow["']?\s*:\s*["']?([a-z0-9-]+)""", re.M)
VERSION: Final = 1
"""The version as which a flow under test is published."""


def beside(test: Path, constants: Mapping[str, object]) -> FlowFolder:
    """The flows for a test: first of all the one of its name."""
    stem = test.name[: test.name.rindex(".test.")]
    first = [test.with_name(stem + suffix) for suffix in SUFFIXES]
    return FlowFolder(test.parent, first=first, constants=constants)


class FlowFolder:
    """The flows of a folder, compiled once for each set of constants; `first` is looked at before all others.

    `constants` are the server's. `files` are those that were read, as they were just before; where a flow was
    looked for in vain, the folder.
    """

    def __init__(self, folder: Path, *, first: Sequence[Path], constants: Mapping[str, object]) -> None:
        self._folder = folder
        self._first = first
        self._constants = constants
        self._compiled: dict[tuple[str, str], Flow | str] = {}
        self.files: dict[Path, Stamp | None] = {}
        self._project = UNKNOWN
        self._why_none = ""
        """Why the project, and so no flow of the folder, can be used."""
        self.shared = self._shared(project_file(folder / PROJECT_FILE))

    def _shared(self, file: Path | None) -> Shared:
        """What the project says; the server's constants come first."""
        if file is None:
            return Shared(constants=self._constants)
        self._look_at(file)
        compiled = compile_project(read(file), type=type_of(file))
        if compiled.project is None or compiled.document is None:
            self._why_none = _first_error("The project", file, compiled.problems)
            return Shared(constants=self._constants)
        self._project = project = compiled.project
        constants = {**project.constants, **self._constants}
        return Shared(
            constants=constants,
            segments=dict(self._rules(file, compiled.document, constants)),
            events=project.events,
        )

    def _rules(
        self, file: Path, document: Project, constants: Mapping[str, object]
    ) -> Iterator[tuple[str, Rule]]:
        scope = rule_scope(constants)
        for id, segment in document.segments.items():
            try:
                yield id, compile_rule(segment.rule, scope)
            except ExpressionError as error:
                self._why_none = f"The segment {id} in {file} has no rule: {error.message}"

    def flow(self, key: str, constants: Mapping[str, object]) -> Flow | str:
        """The flow, or why there is none."""
        at = key, json.dumps(constants, sort_keys=True)
        if at not in self._compiled:
            self._compiled[at] = self._load(key, constants)
        return self._compiled[at]

    def _look_at(self, file: Path) -> None:
        self.files.setdefault(file, stamp_of(file))

    def _load(self, key: str, constants: Mapping[str, object]) -> Flow | str:
        if self._why_none:
            return self._why_none
        file = self._find(key)
        self._look_at(file or self._folder)
        if file is None:
            return f'No file in this folder holds the flow "{key}".'
        compiled = check(
            read(file), type=type_of(file), version=VERSION, constants=constants, project=self._project
        )
        if compiled.flow is None:
            return _first_error("The flow", file, compiled.problems)
        if compiled.flow.key != key:
            return f'{file.name} holds the flow "{compiled.flow.key}", not "{key}".'
        return compiled.flow

    def _find(self, key: str) -> Path | None:
        """The first of all, one that is named after the key, or any other of the folder that holds it."""
        named = [*self._first, *(self._folder / (key + suffix) for suffix in SUFFIXES)]
        for path in chain(named, self._all()):
            if path.is_file() and _key_of(path) == key:
                return path
        return None

    def _all(self) -> Iterator[Path]:
        for path in sorted(self._folder.iterdir()):
            if path.suffix in SUFFIXES and not path.name.endswith(TEST_SUFFIXES):
                yield path


def _first_error(what: str, file: Path, problems: Sequence[Problem]) -> str:
    errors = [each for each in problems if each.severity is Severity.ERROR]
    return f"{what} has errors, the first at {line_of(file, errors[0])}"


def _key_of(file: Path) -> str | None:
    """The flow that the file seems to hold, without reading it as a document."""
    text = read(file)
    if type_of(file) == "yaml":
        found = _KEY.search(text)
        return found[1].decode() if found else None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document.get("flow") if isinstance(document, dict) else None

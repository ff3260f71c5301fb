"""The flows and the project in the files and folders that a command is given: all of them, read and checked.

One that is wrong ends the command, and every one that is wrong is told of: nothing is done with the others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from server.project_file import PROJECT_FILE

from .documents import document_type, read_document, shown
from .failures import Failure, Misused

if TYPE_CHECKING:
    from rules.compiling.flows import Document
    from rules.documents.problems import Problem
    from rules.documents.project import Project

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
TEST_SUFFIX: Final = ".test"
"""Before the suffix: `parcel.test.yaml` is a test of a flow."""
FILES_MAX: Final = 2_000
"""Documents of one command: a folder with more is hardly one of flows, but a home folder by mistake."""

DocumentType: TypeAlias = Literal["yaml", "json"]


@dataclass(frozen=True, slots=True)
class FlowFile:
    path: Path
    text: bytes
    document: Document

    @property
    def key(self) -> str:
        return self.document.key

    @property
    def type(self) -> DocumentType:
        return document_type(self.path)


@dataclass(frozen=True, slots=True)
class ProjectFile:
    path: Path
    text: bytes
    document: Project


@dataclass(frozen=True, slots=True)
class Workspace:
    flows: Sequence[FlowFile]
    project: ProjectFile | None


def read_workspace(paths: Iterable[Path]) -> Workspace:
    """What stands in files, and in folders and those below them."""
    paths = list(paths)
    flows: list[FlowFile] = []
    projects: list[ProjectFile] = []
    wrong: list[str] = []
    for path in documents_of(paths):
        read = _read_project(path) if path.name == PROJECT_FILE else _read_flow(path)
        match read:
            case FlowFile():
                flows.append(read)
            case ProjectFile():
                projects.append(read)
            case _:
                wrong += [f"  {shown(path, problem)}" for problem in read]
    wrong += [*_twice(flows), *_several(projects)]
    if wrong:
        raise Failure("\n".join(["nothing was done", *wrong]))
    if not flows and not projects:
        raise Misused(f"there are no documents in {', '.join(map(str, paths))}")
    return Workspace(flows, projects[0] if projects else None)


def read_flow(path: Path) -> FlowFile:
    read = _read_flow(path)
    if isinstance(read, FlowFile):
        return read
    raise Failure("\n".join(["nothing was done", *(f"  {shown(path, each)}" for each in read)]))


def flow_keys(folder: Path) -> Mapping[str, Sequence[Path]]:
    """Which files of a folder hold which flow: those that say so, right or wrong otherwise."""
    from rules.documents.syntax import parse

    found: dict[str, list[Path]] = {}
    for path in documents_of([folder]) if folder.exists() else ():
        data, report = parse(read_document(path), type=document_type(path))
        if not report.has_errors and isinstance(data, dict) and isinstance(data.get("flow"), str):
            found.setdefault(data["flow"], []).append(path)
    return found


# ── one file ───────────────────────────────────────────────────────────────────────────────────────────


def _read_flow(path: Path) -> FlowFile | Sequence[Problem]:
    from rules.compiling.flows import load

    text = read_document(path)
    loaded = load(text, type=document_type(path))
    return loaded if isinstance(loaded, list) else FlowFile(path, text, loaded)


def _read_project(path: Path) -> ProjectFile | Sequence[Problem]:
    from rules.compiling.project import compile_project

    text = read_document(path)
    compiled = compile_project(text, type=document_type(path))
    if compiled.project is None or compiled.document is None:
        return compiled.problems
    return ProjectFile(path, text, compiled.document)


# ── all files ──────────────────────────────────────────────────────────────────────────────────────────


def documents_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Each once, folders in the order of their names."""
    seen: set[Path] = set()
    for given in paths:
        for path in _below(given) if given.is_dir() else (given,):
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            if len(seen) > FILES_MAX:
                raise Misused(
                    f"there are more than {FILES_MAX} documents", hint=f"{given} may not be a folder of flows"
                )
            yield path


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(root, name) for name in sorted(names)):
            if _is_document(path):
                yield path


def _is_document(path: Path) -> bool:
    return (
        path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and Path(path.stem).suffix.lower() != TEST_SUFFIX
    )


def _twice(flows: Sequence[FlowFile]) -> Iterator[str]:
    first: dict[str, Path] = {}
    for flow in flows:
        if flow.key in first:
            yield f"  {flow.path}: the flow {flow.key} is in {first[flow.key]} already"
        first.setdefault(flow.key, flow.path)


def _several(projects: Sequence[ProjectFile]) -> Iterator[str]:
    for project in projects[1:]:
        yield f"  {project.path}: a server has one project, and {projects[0].path} is another"

"""Which files are tests, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeAlias

from rules.documents.problems import Problem
from rules.limits import DOCUMENT_BYTES_MAX

SUFFIXES: Final = (".yaml", ".yml", ".json")
TEST_SUFFIXES: Final = tuple(f".test{suffix}" for suffix in SUFFIXES)

Stamp: TypeAlias = tuple[int, int]


class NoSuchPath(Exception):
    """A path that was named is neither a folder nor a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} does not exist")


def find_tests(paths: Iterable[Path]) -> list[Path]:
    """Tests that are named, those beside flows that are named, and all under folders; each once, in order."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = (each for suffix in TEST_SUFFIXES for each in path.rglob(f"*{suffix}"))
            found.update(dict.fromkeys(sorted(below)))
        elif not path.is_file():
            raise NoSuchPath(path)
        elif path.name.endswith(TEST_SUFFIXES):
            found[path] = None
        else:
            found.update(dict.fromkeys(_tests_of(path)))
    return list(found)


def _tests_of(flow: Path) -> list[Path]:
    beside = (flow.with_name(flow.stem + suffix) for suffix in TEST_SUFFIXES)
    return [path for path in beside if path.is_file()]


def type_of(file: Path) -> str:
    return "json" if file.suffix.lower() == ".json" else "yaml"


def read(file: Path) -> bytes:
    """The text; one byte over the limit is enough to be told so."""
    with file.open("rb") as opened:
        return opened.read(DOCUMENT_BYTES_MAX + 1)


def line_of(file: Path, problem: Problem) -> str:
    """`path:line:col: error code: message`, as `validate` says it."""
    where = f" (at {problem.pointer})" if problem.line is None and problem.pointer else ""
    place = f"{file}:{problem.line or 1}:{problem.column or 1}"
    return f"{place}: {problem.severity.value} {problem.code}: {problem.message}{where}"


def stamp_of(file: Path) -> Stamp | None:
    """What is another one after the file, or what is in the folder, has changed; None: it is not there."""
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size

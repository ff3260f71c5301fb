"""Looks now and then which files have changed, and which tests that concerns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from .finding import NoSuchPath, Stamp, find_tests, stamp_of
from .running import FileResult

LOOK_S: Final = 0.5
"""Between two looks: a person hardly notices, and a look at a thousand files takes milliseconds."""


class Watch:
    """What was seen last. `changed` gives the tests to run; `ran` tells what a test has read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._read: dict[Path, tuple[Path, ...]] = {}
        self._stamps: dict[Path, Stamp | None] = {}

    def ran(self, results: Iterable[FileResult]) -> None:
        for result in results:
            files = {Path(file): stamp for file, stamp in result.files}
            self._read[Path(result.file)] = tuple(files)
            for file, stamp in files.items():
                # As it was read: it may have changed since.
                self._stamps.setdefault(file, stamp)

    def changed(self) -> list[Path]:
        """Tests that are new, and those that have read a file which has changed, or is gone or back."""
        stamps = {file: stamp_of(file) for file in self._stamps}
        moved = {file for file, stamp in stamps.items() if stamp != self._stamps[file]}
        self._stamps = stamps
        concerned = []
        for test in self._tests():
            files = self._read.get(test)
            if files is None or not moved.isdisjoint(files):
                concerned.append(test)
        return concerned

    def _tests(self) -> list[Path]:
        try:
            return find_tests(self._paths)
        except NoSuchPath:
            return []  # it may come back

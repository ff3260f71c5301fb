"""The project that a file belongs to, for commands that check it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from server.project_file import project_file

from .documents import read_document, shown
from .failures import Failure

if TYPE_CHECKING:
    from rules.project import Project


def project_of(file: Path) -> Project:
    """One that holds nothing against anyone, if there is none; one with errors ends the command."""
    from rules.compiling.project import compile_project
    from rules.project import UNKNOWN

    found = project_file(file)
    if found is None:
        return UNKNOWN
    compiled = compile_project(read_document(found), type="yaml")
    if compiled.project is None:
        problems = [f"  {shown(found, problem)}" for problem in compiled.problems]
        raise Failure("\n".join([f"{found} has errors", *problems]))
    return compiled.project

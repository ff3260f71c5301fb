"""Flow documents on disk: reading them, and how their problems are shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from .client import Reply, refused
from .failures import Failure, Misused

if TYPE_CHECKING:
    from rules.documents.problems import Problem

MEDIA_TYPES: Final = {"yaml": "application/yaml", "json": "application/json"}


def document_type(file: Path) -> Literal["yaml", "json"]:
    return "json" if file.suffix.lower() == ".json" else "yaml"


def read_document(file: Path) -> bytes:
    """The text, or the end of the command; one byte over the limit is enough to be told so."""
    from rules.limits import DOCUMENT_BYTES_MAX

    try:
        with file.open("rb") as opened:
            return opened.read(DOCUMENT_BYTES_MAX + 1)
    except OSError as error:
        raise Misused(f"{file} cannot be read: {error.strerror}") from error


def shown(file: Path, problem: Problem) -> str:
    """`path:line:col: error code: message`; JSON has no lines, so there the pointer says where it is."""
    place = f"{file}:{problem.line or 1}:{problem.column or 1}"
    where = f" (at {problem.pointer})" if problem.line is None and problem.pointer else ""
    return f"{place}: {problem.severity.value} {problem.code}: {problem.message}{where}"


def refused_document(reply: Reply, name: object) -> Failure:
    """The server's problems with a document, each where it stands in what is called `name`; anything else as
    it came."""
    decoded = reply.json()
    problems = decoded.get("errors", []) if isinstance(decoded, dict) else []
    located = [each for each in problems if each.get("line") is not None]
    if not located:
        return refused(reply)
    lines = [
        f"  {name}:{each['line']}:{each.get('column') or 1}: error {each['code']}: {each['message']}"
        for each in located
    ]
    return Failure("\n".join([reply.detail, *lines]))

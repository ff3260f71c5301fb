"""Configuration that is kept in the store, by kind and id: read at recovery, written by inputs like any
other.

What a document of a kind may be is checked before it is written; what follows from it is its readers'
business. Segments have writes of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .commands import DropResource, PutResource, Refused
from .limits import RESOURCES_MAX
from .records import Group, ResourceRow

CREDENTIAL: Final = "credential"
SOURCE: Final = "source"


class Resources:
    """What there is, as the newest turn left it."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], ResourceRow] = {}

    def recover(self, rows: Iterable[ResourceRow]) -> None:
        self._rows.update({(row.kind, row.id): row for row in rows})

    def find(self, kind: str, id: str) -> ResourceRow | None:
        return self._rows.get((kind, id))

    def of(self, kind: str) -> list[ResourceRow]:
        """In order of their ids."""
        return sorted((row for row in self._rows.values() if row.kind == kind), key=lambda row: row.id)

    def put(self, write: PutResource, rows: Group, *, now: int) -> ResourceRow | Refused:
        before = self.find(write.kind, write.id)
        if write.revision is not None and write.revision != (before.revision if before else 0):
            return Refused(code="precondition_failed", reason="It was changed in the meantime.")
        if before is None and len(self._rows) >= RESOURCES_MAX:
            return Refused(code="conflict", reason=f"There are {RESOURCES_MAX} resources already.")
        row = ResourceRow(
            kind=write.kind,
            id=write.id,
            document=write.document,
            revision=before.revision + 1 if before else 1,
            created_at=before.created_at if before else now,
            updated_at=now,
        )
        self._rows[row.kind, row.id] = rows.resources[row.kind, row.id] = row
        return row

    def drop(self, write: DropResource, rows: Group) -> ResourceRow | Refused:
        row = self._rows.pop((write.kind, write.id), None)
        if row is None:
            return Refused(code="not_found", reason=f'There is no {write.kind} "{write.id}".')
        rows.resources.pop((write.kind, write.id), None)
        rows.resources_dropped.append((write.kind, write.id))
        return row

"""Jobs that wait or run, as the newest turn left them; running them is `jobs.py`."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from .job_specs import OPEN, Spec, decode_spec
from .limits import JOB_SPECS_BYTES_MAX, JOBS_MAX
from .records import JobRow


class OpenJobs:
    """`rows` are without their specs: those stay, while a row changes with each piece."""

    def __init__(self) -> None:
        self.rows: dict[str, JobRow] = {}
        self._specs: dict[str, tuple[Spec, int]] = {}
        self._specs_bytes = 0
        self.stirred = asyncio.Event()
        """A job was made or has moved."""
        self.settled = asyncio.Event()
        """The piece that was under way is stored, or will not be taken."""

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= JOBS_MAX or self._specs_bytes >= JOB_SPECS_BYTES_MAX

    def spec(self, id: str) -> Spec:
        return self._specs[id][0]

    def keep(self, row: JobRow) -> None:
        """A job was made (with its spec) or has moved (without); one that has ended is forgotten."""
        if row.state not in OPEN:
            self._forget(row.id)
            return
        if row.spec:
            self._specs[row.id] = decode_spec(row.spec), len(row.spec)
            self._specs_bytes += len(row.spec)
        self.rows[row.id] = replace(row, spec=b"")
        self.stirred.set()

    def leave(self, id: str) -> None:
        """No commit passes with this job: it lies in the store, for the next start."""
        self._forget(id)
        self.settled.set()

    def _forget(self, id: str) -> None:
        if self.rows.pop(id, None) is not None:
            self._specs_bytes -= self._specs.pop(id)[1]

"""Jobs that wait or run, as the newest turn left them; running them is `jobs.py`."""

from __future__ import annotations

import asyncio

from .job_specs import OPEN
from .limits import JOBS_MAX
from .records import JobRow


class OpenJobs:
    def __init__(self) -> None:
        self.rows: dict[str, JobRow] = {}
        self.stirred = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= JOBS_MAX

    def keep(self, row: JobRow) -> None:
        """A job was made or has moved; one that has ended is forgotten."""
        if row.state in OPEN:
            self.rows[row.id] = row
            self.stirred.set()
        else:
            self.rows.pop(row.id, None)

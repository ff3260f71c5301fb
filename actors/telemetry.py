"""What the runtime reports about itself: named values, given to handlers that are attached elsewhere.

| event | when | fields |
| --- | --- | --- |
| `Committed` | after each commit | rows, seconds, what its inputs were and did |
| `CommitFailed` | a commit was rolled back or its end is unknown | error, whether the store is broken |
| `CommitStalled` | a commit takes longer than it may | seconds so far |
| `Recovered` | memory was read from the store | seconds, instances, inbox rows |
| `Faulted` | a fault of ours in a turn | instance, flow, version, the exception |
| `Isolated` | a durable input made every commit fail and was set aside | instance, error |
| `CallFaulted` | a call that leaves the process ended in a fault of ours | instance, the exception |
| `JobUnread` | the next piece of a job could not be read; it is tried again | job, the store's error |
| `Crashed` | a task of the runtime ended with an exception; memory is recovered | the exception |
| `Overflowed` | a call was refused before anything was queued | inputs waiting |
| `Lagged` | how late the loop came to a wake-up, once a second | seconds |
| `Pruned` | the keeper dropped rows past their window, or could not | rows, the store's error |

Handlers are called on the loop and must not block; what one raises is a bug of the handler and ends the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the inputs of one group were and did; `timers_late_ms` has an entry for each timer that fired."""

    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    actions: int = 0
    turns: int = 0
    started: int = 0
    refused: int = 0
    deferred: int = 0
    too_deep: int = 0
    condition_errors: int = 0
    faults: int = 0
    timers_late_ms: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    rows: int
    cards: int
    seconds: float
    inputs: int
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFaulted:
    instance: str
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class JobUnread:
    job: str
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFailed:
    error: Exception
    broken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitStalled:
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    seconds: float
    instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulted:
    instance: str
    flow: str
    version: int
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolated:
    instance: str
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflowed:
    inputs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lagged:
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    rows: int
    error: Exception | None = None


Report: TypeAlias = (
    CallFaulted
    | Committed
    | CommitFailed
    | CommitStalled
    | Recovered
    | Faulted
    | Isolated
    | JobUnread
    | Crashed
    | Overflowed
    | Lagged
    | Pruned
)

Handler: TypeAlias = Callable[[Report], None]


class Telemetry:
    """Hands every report to every handler, in the order in which they were attached."""

    def __init__(self, *handlers: Handler) -> None:
        self._handlers = list(handlers)

    def attach(self, handler: Handler) -> None:
        self._handlers.append(handler)

    def emit(self, report: Report) -> None:
        for handler in self._handlers:
            handler(report)

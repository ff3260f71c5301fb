"""Turns telemetry into metrics and log lines, and sets the log up. Ids only: no contents, no secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Final, Literal, TextIO

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from actors import telemetry
from actors.telemetry import Report

LATENESS_BUCKETS_S: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300, 3600)
COMMIT_BUCKETS_S: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5)
ROWS_BUCKETS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16384)
MS_PER_S: Final = 1_000

log = structlog.get_logger("flowdeck.engine")


class Meters:
    """Every metric, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        events = self._counter("events", "Events, by what became of them", ("status",))
        self.accepted = events.labels("accepted")
        self.duplicates = events.labels("duplicate")
        self.conflicts = events.labels("conflict")
        self.actions = self._counter("card_actions", "Actions on cards that were taken")
        self.turns = self._counter("turns", "Turns of instances")
        starts = self._counter("starts", "Starts of instances, by what became of them", ("status",))
        self.started = starts.labels("started")
        self.refused = starts.labels("refused")
        self.deferred = self._counter("deferred_inputs", "Inputs left to a later commit")
        self.too_deep = self._counter("too_deep_events", "Events that triggered nothing: too many causes")
        self.condition_errors = self._counter("condition_errors", "Conditions that failed, and so were false")
        self.faults = self._counter("faults", "Turns that failed by a fault of the server")
        self.isolated = self._counter("isolated_inputs", "Durable inputs that no commit could take")
        self.commits = self._counter("commits", "Commits")
        self.commit_failures = self._counter("commit_failures", "Commits that failed")
        self.cards = self._counter("cards_written", "Cards created or changed")
        self.overloads = self._counter("overloads", "Calls refused before anything was queued")
        self.pruned = self._counter("pruned_rows", "Rows dropped past their window")
        self.recoveries = self._counter("recoveries", "Times that memory was read from the store")
        self.commit_seconds = self._histogram("commit_seconds", "From hand-over to durable", COMMIT_BUCKETS_S)
        self.commit_rows = self._histogram("commit_rows", "Rows of one commit", ROWS_BUCKETS)
        self.late_seconds = self._histogram("timer_late_seconds", "How late timers fired", LATENESS_BUCKETS_S)
        self.lag_seconds = Gauge(
            "flowdeck_loop_lag_seconds", "How late the loop last woke up", registry=self.registry
        )
        self.recovery_seconds = Gauge(
            "flowdeck_recovery_seconds", "How long the last recovery took", registry=self.registry
        )

        self.lag_s = 0.0
        self._answers: Counter = self._counter("http_answers", "Answers over HTTP, by status", ("status",))
        self._answered: dict[int, Counter] = {}

    def answered(self, status: int) -> None:
        """One answer over HTTP."""
        counter = self._answered.get(status)
        if counter is None:
            counter = self._answered[status] = self._answers.labels(str(status))
        counter.inc()

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"flowdeck_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"flowdeck_{name}", text, buckets=buckets, registry=self.registry)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A value that is read when somebody asks."""
        Gauge(f"flowdeck_{name}", text, registry=self.registry).set_function(read)

    def exposition(self) -> bytes:
        return generate_latest(self.registry)

    def take(self, report: Report) -> None:
        """A telemetry handler."""
        match report:
            case telemetry.Committed():
                self._committed(report)
            case telemetry.CommitFailed():
                self.commit_failures.inc()
            case telemetry.Recovered():
                self.recoveries.inc()
                self.recovery_seconds.set(report.seconds)
            case telemetry.Isolated():
                self.isolated.inc()
            case telemetry.Overflowed():
                self.overloads.inc()
            case telemetry.Lagged():
                self.lag_s = report.seconds
                self.lag_seconds.set(report.seconds)
            case telemetry.Pruned():
                self.pruned.inc(report.rows)
            case (
                telemetry.CommitStalled()
                | telemetry.Crashed()
                | telemetry.Faulted()
                | telemetry.CallFaulted()
                | telemetry.JobUnread()
            ):
                pass  # logged; faults are counted with the commit that holds them

    def _committed(self, report: telemetry.Committed) -> None:
        tally = report.tally
        self.commits.inc()
        self.cards.inc(report.cards)
        self.commit_seconds.observe(report.seconds)
        self.commit_rows.observe(report.rows)
        for counter, count in (
            (self.accepted, tally.accepted),
            (self.duplicates, tally.duplicates),
            (self.conflicts, tally.conflicts),
            (self.actions, tally.actions),
            (self.turns, tally.turns),
            (self.started, tally.started),
            (self.refused, tally.refused),
            (self.deferred, tally.deferred),
            (self.too_deep, tally.too_deep),
            (self.condition_errors, tally.condition_errors),
            (self.faults, tally.faults),
        ):
            if count:
                counter.inc(count)
        for late_ms in tally.timers_late_ms:
            self.late_seconds.observe(late_ms / MS_PER_S)


def log_report(report: Report) -> None:  # noqa: C901 – an arm a kind of report
    """A telemetry handler: one line for what an operator should know of."""
    match report:
        case telemetry.CommitFailed():
            log.error("commit failed", error=str(report.error), broken=report.broken)
        case telemetry.CommitStalled():
            log.error("commit stalled", seconds=round(report.seconds, 1))
        case telemetry.Recovered():
            log.info("recovered", seconds=round(report.seconds, 3), instances=report.instances)
        case telemetry.Faulted():
            log.error(
                "turn failed",
                instance=report.instance,
                flow=report.flow,
                version=report.version,
                exc_info=report.error,
            )
        case telemetry.Isolated():
            log.error("input isolated", instance=report.instance, error=str(report.error))
        case telemetry.CallFaulted():
            log.error("call failed", instance=report.instance, exc_info=report.error)
        case telemetry.JobUnread():
            log.error("job could not be read", job=report.job, error=str(report.error))
        case telemetry.Crashed():
            log.error("runtime task crashed", exc_info=report.error)
        case telemetry.Overflowed():
            log.warning("overloaded", inputs=report.inputs)
        case telemetry.Pruned():
            log.info("pruned", rows=report.rows)
        case telemetry.Committed() | telemetry.Lagged():
            pass  # far too many for a log: metrics have them


def set_up_logging(
    level: Literal["debug", "info", "warning", "error"],
    format: Literal["auto", "json", "console"],
    out: TextIO | None = None,
) -> None:
    """Lines for people on a terminal, JSON elsewhere."""
    stream = out or sys.stderr
    console = format == "console" or (format == "auto" and stream.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if console
        else structlog.processors.JSONRenderer(
            serializer=lambda value, **_: msgspec.json.encode(value, enc_hook=str).decode()
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if console else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )

"""Writes of segments, taken: the row, the rule from now on, and the job that holds everyone against it."""

from __future__ import annotations

from typing import assert_never

import msgspec
from msgspec.structs import replace

from rules.customers.segments import Rule
from rules.errors import ExpressionError
from rules.limits import COUNTED_NAMES_MAX, SEGMENT_COUNT_MAX

from .commands import TOO_MANY_JOBS, ChangeSegment, CreateSegment, DropSegment, Refused, SegmentWrite
from .holdings import Memory
from .idempotency import answer_row
from .job_specs import OPEN, STOPPED, Crowd, JudgeAll, new_job
from .records import JournalRow, ResourceRow
from .segments import KIND, SegmentDocument, encode_document
from .turns import Turns

_encode = msgspec.msgpack.Encoder().encode


class SegmentWrites:
    def __init__(self, memory: Memory, turns: Turns) -> None:
        self._definitions = memory.definitions
        self._book = memory.definitions.book
        self._jobs = memory.jobs
        self._turns = turns

    def take(self, write: SegmentWrite) -> ResourceRow | Refused:
        match write:
            case CreateSegment():
                answer = self._create(write)
            case ChangeSegment():
                answer = self._change(write)
            case DropSegment():
                answer = self._drop(write)
            case _:
                assert_never(write)
        if isinstance(answer, ResourceRow):
            self._record(write)
            if isinstance(write, CreateSegment) and write.idempotency is not None:
                kept = answer_row(write.idempotency, answer, now=self._turns.now)
                self._turns.group.rows.answers.append(kept)
        return answer

    # ── each ───────────────────────────────────────────────────────────────────────────────────────────
    def _create(self, write: CreateSegment) -> ResourceRow | Refused:
        if write.id in self._book.rows:
            return Refused(code="key_exists", reason=f'There is a segment "{write.id}" already.')
        if len(self._book.rows) >= SEGMENT_COUNT_MAX:
            return Refused(code="conflict", reason=f"There are {SEGMENT_COUNT_MAX} segments already.")
        rule = self._compiled(write.id, write.rule)
        if isinstance(rule, Refused):
            return rule
        document = SegmentDocument(rule=write.rule, name=write.name, description=write.description)
        return self._hold_all(write.id, document, rule, fire=write.fire, by=write.by)

    def _change(self, write: ChangeSegment) -> ResourceRow | Refused:
        document = self._found(write.id)
        if isinstance(document, Refused):
            return document
        if document.removed:
            return Refused(code="conflict", reason=f'The segment "{write.id}" is being removed.')
        document = replace(
            document,
            name=document.name if write.name is None else write.name,
            description=document.description if write.description is None else write.description,
        )
        if write.rule is None:
            return self._put(write.id, document)
        rule = self._compiled(write.id, write.rule)
        if isinstance(rule, Refused):
            return rule
        return self._hold_all(
            write.id, replace(document, rule=write.rule), rule, fire=write.fire, by=write.by
        )

    def _drop(self, write: DropSegment) -> ResourceRow | Refused:
        document = self._found(write.id)
        if isinstance(document, Refused):
            return document
        users = self._definitions.flows_using(write.id)
        if users:
            named = ", ".join(f'"{flow}"' for flow in users[:10])
            return Refused(code="conflict", reason=f"Published flows use the segment: {named}.")
        if document.removed and document.job in self._jobs.rows:
            return self._book.rows[write.id]
        return self._hold_all(write.id, replace(document, removed=True), None, fire=False, by=write.by)

    def settle(self, id: str, job: str) -> None:
        """That job is done: the rule is an old one from now on, or the segment is gone."""
        document = self._book.documents.get(id)
        if document is None or document.job != job:
            return
        if not document.removed:
            self._put(id, replace(document, job=None, fire=False))
            return
        rows = self._turns.group.rows
        rows.resources.pop((KIND, id), None)
        rows.resources_dropped.append((KIND, id))
        self._book.drop(id)

    # ── all ────────────────────────────────────────────────────────────────────────────────────────────
    def _found(self, id: str) -> SegmentDocument | Refused:
        document = self._book.documents.get(id)
        return document or Refused(code="not_found", reason=f'There is no segment "{id}".')

    def _compiled(self, id: str, source: str) -> Rule | Refused:
        try:
            rule = self._book.compile(source)
        except ExpressionError as error:
            return wrong_rule(error)
        others = {
            name
            for other in self._book.segments.all
            if other.rule is not None and other.id != id
            for name in (window.name for window in other.rule.windows)
        }
        if len(others | {window.name for window in rule.windows}) > COUNTED_NAMES_MAX:
            message = f"The rules of a server count at most {COUNTED_NAMES_MAX} different events."
            return _wrong_rule("too_many", message)
        return rule

    def _hold_all(
        self, id: str, document: SegmentDocument, rule: Rule | None, *, fire: bool, by: str
    ) -> ResourceRow | Refused:
        """The rule is in force; everyone whom nothing else brings is held against it by a job."""
        if self._jobs.is_full:
            return TOO_MANY_JOBS
        self._stop(document.job)
        crowd = Crowd(segment=id if document.removed else None, test=None)
        job = new_job(
            JudgeAll(segment=id, crowd=crowd), id=self._turns.new_id(), name=id, by=by, now=self._turns.now
        )
        self._turns.obeying.put_job(job)
        return self._put(id, replace(document, job=job.id, fire=fire), rule)

    def _stop(self, job: str | None) -> None:
        row = None if job is None else self._jobs.rows.get(job)
        if row is not None and row.state in OPEN:
            now = self._turns.now
            self._turns.obeying.put_job(replace(row, state=STOPPED, updated_at=now, ended_at=now))

    def _put(self, id: str, document: SegmentDocument, rule: Rule | None = None) -> ResourceRow:
        before, now = self._book.rows.get(id), self._turns.now
        row = ResourceRow(
            kind=KIND,
            id=id,
            document=encode_document(document),
            revision=1 if before is None else before.revision + 1,
            created_at=now if before is None else before.created_at,
            updated_at=now,
        )
        self._turns.group.rows.resources[KIND, id] = row
        self._book.put(row, rule)
        return row

    def _record(self, write: SegmentWrite) -> None:
        self._turns.group.rows.journal.append(
            JournalRow(
                id=self._turns.new_id(),
                at=self._turns.now,
                kind="segment",
                source=write.by,
                customer=None,
                name=write.id,
                payload=_encode(write),
            )
        )


def wrong_rule(error: ExpressionError) -> Refused:
    """Why it is none, and at which character."""
    place = "" if error.offset is None else f" (At character {error.offset + 1}.)"
    return _wrong_rule(error.code, error.message + place)


def _wrong_rule(code: str, message: str) -> Refused:
    wrong = {"pointer": "/rule", "code": code, "message": message}
    return Refused(code="invalid", reason="The rule cannot be used.", errors=(wrong,))

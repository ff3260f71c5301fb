"""Segments as the runtime knows them: their rows, and the rules that are compiled of them.

Who is a member is `profiles.py`; writing segments is `segment_writes.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from rules.compiling.segments import compile_rule, rule_scope
from rules.customers.segments import Rule, Segment, Segments
from rules.errors import ExpressionError

from .records import ResourceRow

KIND: Final = "segment"


class SegmentDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the row of a segment holds.

    `job` holds everyone against the rule, until it is done; with `fire` who changes because of that is news.
    `removed`: the segment goes away once that job has let its members go.
    """

    rule: str
    name: str = ""
    description: str = ""
    job: str | None = None
    fire: bool = False
    removed: bool = False


encode_document: Final = msgspec.json.Encoder().encode
decode_document: Final = msgspec.json.Decoder(SegmentDocument).decode


class SegmentBook:
    """`segments` are those whose rules compile: they concern what they read. `broken` says why others do
    not: their rules were written for other constants or another server, and their members stay as they are.
    """

    def __init__(self, constants: Mapping[str, object]) -> None:
        self._scope = rule_scope(constants)
        self._rules: dict[str, Rule] = {}
        self.rows: dict[str, ResourceRow] = {}
        self.documents: dict[str, SegmentDocument] = {}
        self.broken: dict[str, str] = {}
        self.segments = Segments()

    @property
    def known(self) -> frozenset[str]:
        """Those that a flow may name."""
        return frozenset(id for id, document in self.documents.items() if not document.removed)

    def compile(self, rule: str) -> Rule:
        """ExpressionError if it is none."""
        return compile_rule(rule, self._scope)

    async def recover(self, rows: Iterable[ResourceRow]) -> None:
        """With pauses: a rule takes a few ms, and sockets are open while memory is recovered in place."""
        for row in rows:
            self._read(row)
            await asyncio.sleep(0)
        self._arm()

    def put(self, row: ResourceRow, rule: Rule | None = None) -> None:
        """`rule`: the compiled one, where it is new."""
        if rule is not None:
            self._rules[row.id] = rule
            self.broken.pop(row.id, None)
        self.rows[row.id] = row
        self.documents[row.id] = decode_document(row.document)
        self._arm()

    def drop(self, id: str) -> None:
        for kept in (self.rows, self.documents, self._rules, self.broken):
            kept.pop(id, None)
        self._arm()

    def _read(self, row: ResourceRow) -> None:
        self.rows[row.id] = row
        document = self.documents[row.id] = decode_document(row.document)
        try:
            self._rules[row.id] = self.compile(document.rule)
        except ExpressionError as error:
            self.broken[row.id] = error.message

    def _arm(self) -> None:
        self.segments = Segments(
            Segment(
                id=id,
                rule=None if document.removed else self._rules[id],
                is_settling=document.job is not None and not document.fire,
            )
            for id, document in self.documents.items()
            if document.removed or id in self._rules
        )

"""What flows of a script share: constants, schemas of events, and segments, by rule or moved by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import msgspec

from ..compiling.segments import compile_rule, rule_scope
from ..customers.segments import Rule
from ..event_schemas import EventSchema

SEGMENTS: Final = "segments"
"""Of a customer's body: those in which the customer is when the script begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the folder or the server of the flows says. `segments` are rules by id."""

    constants: Mapping[str, object] = field(default_factory=dict)
    segments: Mapping[str, Rule] = field(default_factory=dict)
    events: Mapping[str, EventSchema] = field(default_factory=dict)


NOTHING: Final = Shared()


def by_hand(members: Iterable[str]) -> str:
    """The rule of a segment in which just these customers are."""
    return f"customer.id in {msgspec.json.encode(sorted(members)).decode()}"


@lru_cache(maxsize=256)
def rule_by_hand(members: frozenset[str]) -> Rule:
    return compile_rule(by_hand(members), rule_scope({}))

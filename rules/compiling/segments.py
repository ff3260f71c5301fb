"""Compiles the rules of segments: conditions over one customer and what happened to them (HTTP API)."""

from __future__ import annotations

from collections.abc import Mapping

from ..conditions import compile_condition
from ..customers.segments import WHOLE, Rule
from ..errors import ExpressionError
from ..types import Scope, Type
from .scopes import constant_shapes


def rule_scope(constants: Mapping[str, object] | None) -> Scope:
    """What a rule may name. `constants` are those of the server; None: it is not known which there are."""
    known = Type.DYN if constants is None else constant_shapes(constants)
    names = {"customer": Type.DYN, "constants": known, "now": Type.TIMESTAMP}
    return Scope(names, counts_events=True)


def compile_rule(source: str, scope: Scope) -> Rule:
    """ExpressionError, with the place where there is one, if this is no rule."""
    condition = compile_condition(source, scope)
    paths = condition.paths.values()
    parts = frozenset(path[1] if len(path) > 1 else WHOLE for path in paths if path[0] == "customer")
    if "segments" in parts:
        why = "A rule cannot ask which segments a customer is in: segments do not depend on each other."
        raise ExpressionError("reads_segments", why, source.find("segments"))
    return Rule(
        source=source,
        condition=condition,
        parts=parts,
        windows=condition.windows,
        reads_now=any(path[0] == "now" for path in paths),
    )

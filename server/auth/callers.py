"""The two answers to "who is calling?": a principal with roles, or a refusal with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .rows import Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `id` is the key's or member's own; dedupe and idempotency go by it."""

    kind: Literal["key", "member", "local"]
    id: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        return role in self.roles or "admin" in self.roles


@dataclass(frozen=True, slots=True)
class Refused:
    """Credentials that were not taken: the reason is for the log, `detail` for the caller, who may have to
    wait."""

    reason: str
    detail: str = "The credentials are not accepted."
    must_wait: bool = False

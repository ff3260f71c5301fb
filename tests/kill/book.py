"""What clients know: what they sent, what they were told, and what they were told that cannot be true."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An event of the load. `n` is given once; `after_ms` is when an alarm rings."""

    id: str
    name: str
    n: int
    customer: str | None = None
    room: str | None = None
    after_ms: int = 0

    def body(self) -> dict[str, object]:
        data: dict[str, object] = {"n": self.n}
        if self.after_ms:
            data["after"] = f"PT{self.after_ms / 1_000:.3f}S"
        body: dict[str, object] = {"id": self.id, "name": self.name, "data": data}
        if self.customer is not None:
            body["customer"] = self.customer
        if self.room is not None:
            body["key"] = self.room
        return body


@dataclass(frozen=True, slots=True)
class Answered:
    """An action on a card that was taken."""

    customer: str
    card: str
    action: str


@dataclass(slots=True)
class Book:
    """`violations` are sentences; a run is right when there is none here and the audit finds none."""

    rooms: dict[str, str] = field(default_factory=dict)
    """Customer to room: whose ledger hears what is said there."""
    accepted: dict[str, Sent] = field(default_factory=dict)
    """By id: the server said that it has them."""
    pushed: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    """Customer to card to the highest `seq` that any client of theirs was shown."""
    views: list[tuple[str, dict[str, tuple[int, str]]]] = field(default_factory=list)
    """What each client holds at the end: its customer, and `seq` and status of each card."""
    answered: list[Answered] = field(default_factory=list)
    published: dict[str, int] = field(default_factory=dict)
    """By flow: the version to which everything that runs was to move."""
    violations: list[str] = field(default_factory=list)
    unknown: int = 0
    """Attempts that got no answer, or one that does not know."""
    repeats: int = 0
    resumed: int = 0

    def complain(self, text: str) -> None:
        self.violations.append(text)

    def of(self, name: str) -> list[Sent]:
        return [sent for sent in self.accepted.values() if sent.name == name]

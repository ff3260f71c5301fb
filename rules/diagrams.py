"""Draws the tables of states as Mermaid, so that the documentation cannot differ from them.

`python -m rules.diagrams > docs/states.md` writes the page; a test holds that it is current.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from . import instance
from .cards import card as cards

Status = TypeVar("Status", bound=StrEnum)
Change = TypeVar("Change", bound=StrEnum)

_PAGE = """# States

Drawn from the tables in `rules/instance.py` and `rules/cards/card.py` by
`python -m rules.diagrams > docs/states.md`. What is not drawn does not happen.

## Instances

`failed` lasts as long as a token is parked with an error, or a fault of the server is not repaired.

{instances}

## Cards

Open: embargoed, active, snoozed. One action closes a card once; what comes later changes nothing.

{cards}
"""


def page() -> str:
    """The whole of `docs/states.md`."""
    return _PAGE.format(
        instances=_diagram(instance.TRANSITIONS, [instance.InstanceStatus.RUNNING]),
        cards=_diagram(cards.TRANSITIONS, [cards.CardStatus.EMBARGOED, cards.CardStatus.ACTIVE]),
    )


def _diagram(table: Mapping[tuple[Status, Change], Status], first: Iterable[Status]) -> str:
    lines = [f"    [*] --> {status.value}" for status in first]
    lines += [
        f"    {source.value} --> {target.value}: {change.value}" for (source, change), target in table.items()
    ]
    sources = {source for source, _ in table}
    final = dict.fromkeys(target for target in table.values() if target not in sources)
    lines += [f"    {status.value} --> [*]" for status in final]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 – a page for the documentation, on request

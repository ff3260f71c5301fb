"""Small flows of JSON, and the problems that checking finds in them."""

import json
from typing import Any

from rules.compiling.flows import check
from rules.documents.problems import ERRORS

CARD = {"body": [{"type": "submit", "name": "go", "label": "Go"}]}
FOREVER = {"body": [{"type": "headline", "text": "Hello"}]}
SEND = {"type": "send_card", "card": "c"}
SOON = {"id": "t", "type": "time", "after": "PT1H"}
DONE = {"id": "done", "type": "card", "of": "send", "action": "completed"}


def problems(steps: dict[str, Any], **rest: Any) -> list[tuple[str, str]]:
    """Codes and pointers of a flow that starts at the first step."""
    start = next(iter(steps))
    flow = {"flow": "a", "start": start, "steps": steps, "cards": {"c": CARD}} | rest
    compiled = check(json.dumps(flow), type="json")
    assert (compiled.flow is None) == any(each.code in ERRORS for each in compiled.problems)
    return [(each.code, each.pointer) for each in compiled.problems]


def wait(*until: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"type": "wait", "until": list(until), **rest}


def to(next: str | list[str], step: dict[str, Any]) -> dict[str, Any]:
    return {**step, "next": next}


NOTHING = {"type": "cancel_card"}

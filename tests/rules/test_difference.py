"""Documents are compared by what they say: steps, templates and fields, not lines."""

from __future__ import annotations

import msgspec
import pytest

from rules.compiling.flows import Document, load
from rules.difference import Change, FieldChange, difference

FLOW = """\
flow: renewal
name: Renewal
variables:
  policy: {type: string, required: true}
triggers:
  expiring: {type: event, event: policy.expiring, variables: {policy: =event.data.policy}}
exits:
  - {id: renewed, type: event, event: policy.renewed, outcome: renewed}
  - {id: left, type: profile, when: customer.city == "Ulm", outcome: left}
start: remind
steps:
  remind: {type: send_card, card: reminder, next: answer}
  answer:
    type: wait
    until:
      - {id: done, type: card, of: remind, action: completed, next: thank}
      - {id: silent, type: time, after: P7D, next: thank}
    close: [remind]
  thank: {type: set, variables: {policy: thanks}}
cards:
  reminder:
    body:
      - {type: headline, text: "Policy {{ vars.policy }}"}
      - {type: text, text: Please renew it.}
      - {type: submit, name: renew, label: Renew}
"""


def differs(*edits: tuple[str, str]) -> list[Change]:
    text = FLOW
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    before, after = load(FLOW, type="yaml"), load(text, type="yaml")
    assert isinstance(before, Document)
    assert isinstance(after, Document), after
    return difference(before.flow, after.flow)


def changed(part: str, id: str | None, *fields: FieldChange) -> Change:
    return msgspec.convert(
        {"part": part, "id": id, "change": "changed", "fields": fields}, Change, from_attributes=True
    )


SAME = [
    (),
    (("next: answer}", "next: [answer]}"),),
    (("start: remind", "start: [remind]"),),
    (("close: [remind]", "close: remind"),),
    (("type: send_card, card: reminder", "card: reminder, type: send_card, delivery: {}, name: ''"),),
    (("event: policy.expiring,", "event: [policy.expiring], origins: [backend, webhook, flow],"),),
    (("cards:\n", "layout: {remind: [1, 2]}\ncards:\n"),),
    (("steps:\n", "# a comment\nsteps:\n"),),
]


@pytest.mark.parametrize("edits", SAME)
def test_how_it_is_written_makes_no_difference(edits: tuple[tuple[str, str], ...]) -> None:
    assert differs(*edits) == []


CHANGES: list[tuple[tuple[str, str], list[Change]]] = [
    (("name: Renewal", "name: Again"), [
        changed("flow", None, FieldChange(path="/name", old="Renewal", new="Again")),
    ]),
    (("name: Renewal\n", ""), [changed("flow", None, FieldChange(path="/name", old="Renewal"))]),
    (("required: true", "default: x"), [
        changed(
            "variables", "policy",
            FieldChange(path="/default", new="x"),
            FieldChange(path="/required", old=True),
        ),
    ]),
    (("event: policy.expiring,", "event: policy.due, enabled: false,"), [
        changed(
            "triggers", "expiring",
            FieldChange(path="/enabled", new=False),
            FieldChange(path="/event", old=["policy.expiring"], new=["policy.due"]),
        ),
    ]),
    (("start: remind", "entry: {once: true}\nstart: [remind, thank]"), [
        changed("entry", None, FieldChange(path="/once", new=True)),
        changed("start", None, FieldChange(path="/start", old=["remind"], new=["remind", "thank"])),
    ]),
    (("after: P7D", "after: P9D"), [
        changed("steps", "answer", FieldChange(path="/until/silent/after", old="P7D", new="P9D")),
    ]),
    (("action: completed", 'action: [completed, dismissed], when: card.status != ""'), [
        changed(
            "steps", "answer",
            FieldChange(path="/until/done/action", old=["completed"], new=["completed", "dismissed"]),
            FieldChange(path="/until/done/when", new='card.status != ""'),
        ),
    ]),
    (("card: reminder,", "card: reminder, delivery: {expires_after: P3D},"), [
        changed("steps", "remind", FieldChange(path="/delivery", new={"expires_after": "P3D"})),
    ]),
    (("{type: set, variables: {policy: thanks}}", "{type: end}"), [
        changed(
            "steps", "thank",
            FieldChange(path="/type", old="set", new="end"),
            FieldChange(path="/variables", old={"policy": "thanks"}),
        ),
    ]),
    (("policy: thanks", "policy: true"), [
        changed("steps", "thank", FieldChange(path="/variables/policy", old="thanks", new=True)),
    ]),
    (("  thank:", "  more: {type: end}\n  thank:"), [Change(part="steps", id="more", change="added")]),
    (("Please renew it.", "Renew it!"), [
        changed(
            "cards", "reminder", FieldChange(path="/body/1/text", old="Please renew it.", new="Renew it!")
        ),
    ]),
    (("      - {type: text, text: Please renew it.}\n", ""), [
        changed(
            "cards", "reminder", FieldChange(path="/body/1", old={"type": "text", "text": "Please renew it."})
        ),
    ]),
    (("      - {type: headline", "      - {type: divider}\n      - {type: headline"), [
        changed("cards", "reminder", FieldChange(path="/body/0", new={"type": "divider"})),
    ]),
    (("{type: text, text: Please renew it.}", "{type: divider}"), [
        changed(
            "cards", "reminder",
            FieldChange(path="/body/1", old={"type": "text", "text": "Please renew it."}),
            FieldChange(path="/body/1", new={"type": "divider"}),
        ),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), CHANGES)
def test_what_has_changed_is_told_where_it_stands(edit: tuple[str, str], expected: list[Change]) -> None:
    assert differs(edit) == expected


def test_a_step_that_is_gone_is_told_and_one_with_another_name_is_two() -> None:
    edits = [("  thank:", "  thanks:"), ("next: thank}", "next: thanks}"), ("next: thank}", "next: thanks}")]
    parts = [(change.part, change.id, change.change) for change in differs(*edits)]
    assert parts == [
        ("steps", "answer", "changed"),
        ("steps", "thanks", "added"),
        ("steps", "thank", "removed"),
    ]


LEFT = '  - {id: left, type: profile, when: customer.city == "Ulm", outcome: left}\n'
RENEWED = "  - {id: renewed, type: event, event: policy.renewed, outcome: renewed}\n"


def test_the_order_of_what_is_tried_in_order_is_a_difference() -> None:
    assert differs((RENEWED + LEFT, LEFT + RENEWED)) == [
        changed("exits", None, FieldChange(path="", old=["renewed", "left"], new=["left", "renewed"]))
    ]
    first, second = FLOW.partition("    until:\n")[2].split("\n")[:2]
    assert differs((f"{first}\n{second}", f"{second}\n{first}")) == [
        changed("steps", "answer", FieldChange(path="/until", old=["done", "silent"], new=["silent", "done"]))
    ]


def test_what_was_not_there_is_left_out_of_an_answer() -> None:
    (change,) = differs(("name: Renewal\n", ""))
    assert msgspec.to_builtins(change)["fields"] == ({"path": "/name", "old": "Renewal"},)

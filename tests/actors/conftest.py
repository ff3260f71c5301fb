"""Flows that the runtime's tests play, small enough to be read at a glance."""

import pytest

GREETING = """
flow: greeting
variables: {n: {type: integer, default: 0}}
triggers: {joined: {type: event, event: joined, key: =event.key}}
start: w
steps:
  w:
    type: wait
    until:
      - {id: ping, type: event, event: ping, next: count}
      - {id: keyed, type: event, event: nudge, match: key, next: count}
      - {id: any, type: event, event: news, match: any, next: count}
      - {id: late, type: time, after: PT1H, next: over}
  count: {type: set, variables: {n: =vars.n + 1}, next: w}
  over: {type: end, outcome: late}
"""

ASKING = """
flow: asking
variables: {color: {type: string, required: true}}
start: ask
cards:
  question:
    title: Question
    body:
      - {type: text, text: "{{ vars.color }}?"}
      - {type: text_input, name: why, label: Why, max_length: 5}
      - {type: submit, name: ok, label: OK}
      - {type: dismiss, label: No}
steps:
  ask: {type: send_card, card: question, next: w}
  w: {type: wait, until: [{id: done, type: card, of: ask, action: [completed, dismissed], next: bye}]}
  bye: {type: end, outcome: answered}
"""


@pytest.fixture
def greeting() -> str:
    return GREETING


@pytest.fixture
def asking() -> str:
    return ASKING

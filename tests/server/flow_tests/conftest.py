"""A folder with a flow and its test, good and bad."""

from __future__ import annotations

from pathlib import Path

import pytest

FLOW = """\
flow: parcel
variables: {n: {type: integer, default: 0}}
triggers: {shipped: {type: event, event: shipped, variables: {n: =event.data.n}}}
start: w
steps:
  w: {type: wait, until: [{id: late, type: time, after: P1D, next: over}]}
  over: {type: end, outcome: late}
"""
GOOD = """\
flow: parcel
start: {event: shipped, data: {n: 1}}
cases:
  ends:
    script: [{after: P1D, expect: {instance: {outcome: late}}}]
  waits:
    script: [{expect: {instance: {at: w, variables: {n: 1}}}}]
"""
BAD = """\
flow: parcel
start: {event: shipped, data: {n: 1}}
cases:
  good:
    script: [{expect: {instance: {at: w}}}]
  bad:
    script:
      - {after: PT1H}
      - {expect: {instance: {variables: {n: 2}, outcome: late}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`parcel.yaml` with a test that passes."""
    (tmp_path / "parcel.yaml").write_text(FLOW)
    (tmp_path / "parcel.test.yaml").write_text(GOOD)
    return tmp_path

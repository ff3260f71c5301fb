"""`publish`: what it says before, and what it does."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Run, flow


def test_publish_says_problems_counts_and_last_the_version(at: Run, folder: Path) -> None:
    waiting = (
        flow("counted")
        .replace("start: 'done'", "start: 'stay'")
        .replace(
            "steps:\n",
            "steps:\n  stay: {type: wait, until: [{id: e, type: event, event: never, next: done}]}\n",
        )
    )
    (folder / "a.yaml").write_text(waiting)
    at("push", "flows")
    would = at("publish", "counted", "--dry-run").stdout.splitlines()
    assert would[0].startswith("counted:8:")
    assert "warning waits_forever" in would[0]
    assert would[-1] == "counted: version 1 would be published"
    assert at("publish", "counted").stdout.splitlines()[-1] == "counted: version 1 is published"
    at("events", "send", stdin='{"name": "parcel.shipped", "customer": "c1"}\n')
    kept = at("publish", "counted", "--dry-run").stdout.splitlines()
    assert kept[-2:] == ["version 1: 1 running, kept", "counted: version 2 would be published"]
    tried = at("publish", "counted", "--running", "migrate", "--dry-run").stdout.splitlines()
    assert tried[-2] == "version 1: 1 live, 1 tried, 1 can move"
    ended = at("publish", "counted", "--running", "cancel", "--note", "all over", "--json")
    answer = json.loads(ended.stdout)
    assert (answer["published"], answer["cancelled"]) == (2, 1)


def test_instances_move_with_a_publish_and_the_job_is_named(at: Run, folder: Path) -> None:
    waiting = flow("moving").replace("start: 'done'", "start: 'stay'").replace("parcel.shipped", "moving.on")
    step = "  stay: {type: wait, until: [{id: e, type: time, after: P9D, next: done}]}\n"
    (folder / "a.yaml").write_text(waiting.replace("steps:\n", "steps:\n" + step))
    at("push", "flows", "--publish")
    at("events", "send", stdin='{"name": "moving.on", "customer": "c1"}\n')
    said = at("publish", "moving", "--running", "migrate").stdout.splitlines()
    assert said[0] == "version 1: 1 live, 1 tried, 1 can move"
    assert said[1].startswith("job ")
    assert said[2] == "moving: version 2 is published"


def test_draft_with_errors_is_not_published(at: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(flow("faulty").replace("start: 'done'", "start: 'dne'"))
    at("push", "flows")
    result = at("publish", "faulty")
    assert result.exit_code == 1
    assert "faulty:6:" in result.stderr


def test_unknown_flow_is_not_published(at: Run) -> None:
    result = at("publish", "no-such-flow")
    assert result.exit_code == 1
    assert "There is no flow" in result.stderr

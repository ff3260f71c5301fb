"""What the demo shows fits together: flows without problems, and events that their flows listen to."""

from __future__ import annotations

import pytest

from rules.compiling.flows import check
from rules.model import EventOutcome, EventTrigger, Flow, Wait
from server.demo.samples import CUSTOMERS, EVENTS, flow_files, flow_samples
from server.demo.session import FlowSample

SAMPLES = flow_samples()


def compiled(key: str) -> Flow:
    (file,) = (file for file in flow_files() if file.stem == key)
    result = check(file.read_bytes(), type="yaml")
    assert result.flow is not None
    # The gallery shows every element; this server takes no files yet, and says so.
    expected = ["no_uploads"] if key == "gallery" else []
    assert [problem.code for problem in result.problems] == expected
    return result.flow


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.key)
def test_flow_listens_to_every_sample_event(sample: FlowSample) -> None:
    flow = compiled(sample.key)
    starting = {
        name for trigger in flow.triggers if isinstance(trigger, EventTrigger) for name in heard(trigger)
    }
    waits = [outcome for step in flow.steps.values() if isinstance(step, Wait) for outcome in step.until]
    waking = {on.event for on in (*waits, *(each.on for each in flow.exits)) if isinstance(on, EventOutcome)}
    for event in sample.events:
        assert event.name in (starting if event.starts else waking), event.label


def heard(trigger: EventTrigger) -> tuple[str, ...]:
    return tuple(trigger.events)


def test_page_gets_the_steps_in_the_order_of_the_document() -> None:
    sample = next(sample for sample in SAMPLES if sample.key == "policy-renewal")
    assert [step.id for step in sample.steps][:3] == ["count", "remind", "answer"]
    assert sample.steps[1].type == "send_card"


def test_each_example_has_samples_and_a_first_event() -> None:
    assert {file.stem for file in flow_files()} == set(EVENTS)
    assert all(any(event.starts for event in sample.events) for sample in SAMPLES)


def test_customers_have_names_of_their_own() -> None:
    assert len({customer.id for customer in CUSTOMERS}) == len(CUSTOMERS)

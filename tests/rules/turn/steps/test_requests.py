"""Request steps: what is asked, what counts as an answer, and when it is tried again (flow format §5)."""

from __future__ import annotations

import pytest

from rules.effects import DropCalls
from rules.inputs import Cancelled
from rules.limits import RESPONSE_BYTES_MAX
from tests.rules.playing import MINUTE, SECOND, Part, Playing, document, pause, play

REQUEST: Part = {
    "type": "request",
    "method": "POST",
    "url": "https://api.example.org/orders/{{ vars.x.id }}",
    "headers": {"X-Trace": "t-{{ vars.x.id }}"},
    "query": {"page": 2.0, "none": "=vars.x.none"},
    "json": {"n": "=vars.x.n", "to": "{{ customer.id }}"},
    "next": "a",
}


def asking(x: Part | None = None, **more: object) -> Playing:
    step = {**REQUEST, **more}
    ends = {"a": pause(), **({"b": pause()} if "on_error" in step else {})}
    flow = document({"do": step, **ends}, start="do", variables={"x": {"type": "object"}})
    return play(flow, x={"id": 7.0, "n": 1.5, "none": None} if x is None else x)


def test_request_is_rendered_with_the_context_and_blocks() -> None:
    playing = asking()
    (call,) = playing.calls
    assert (call.method, call.url) == ("POST", "https://api.example.org/orders/7")
    assert call.headers == {"X-Trace": "t-7"}
    assert call.query == {"page": "2"}, "what is null is left out"
    assert call.json == {"n": 1.5, "to": "c-1"}
    assert (call.timeout_ms, call.attempt) == (10_000, 1)
    assert playing.at == ["do"]


def test_key_is_that_of_the_activation_and_the_same_for_every_attempt() -> None:
    playing = asking(retry={"times": 1})
    (first,) = playing.calls
    playing.respond("do", 503).later(10 * SECOND)
    (second,) = playing.calls
    assert first.key == second.key == f"{playing.state.id}:do#1"
    assert second.attempt == 2


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_status_of_2xx_is_an_answer(status: int) -> None:
    playing = asking().respond("do", status, body={"ok": True})
    assert playing.at == ["a"]
    shown = {"status": status, "headers": {}, "body": {"ok": True}}
    assert playing.output("do") == {"runs": 1, "response": shown, "attempts": 1}


@pytest.mark.parametrize("status", [199, 300, 404, 500])
def test_another_status_fails_the_step(status: int) -> None:
    playing = asking().respond("do", status)
    assert (playing.at, playing.status) == (["do!"], "failed")
    error = playing.output("do")["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["status"], error["attempts"]) == ("unexpected_response", status, 1)


def test_expect_decides_instead_of_the_status() -> None:
    wanted = 'response.status == 404 || response.body.state == "ok"'
    assert asking(expect=wanted).respond("do", 404).at == ["a"]
    assert asking(expect=wanted).respond("do", 200, body={"state": "ok"}).at == ["a"]
    assert asking(expect=wanted, on_error="b").respond("do", 200, body={"state": "no"}).at == ["b"]


def test_an_expect_that_cannot_be_said_is_no_answer() -> None:
    playing = asking(expect="response.body.state == 1", on_error="b").respond("do", 200, body="text")
    assert playing.at == ["b"]
    assert playing.turn.condition_errors == 1


@pytest.mark.parametrize("failure", ["timeout", "connect", "refused"])
def test_a_failure_leads_to_on_error_with_its_code(failure: str) -> None:
    playing = asking(on_error="b").respond("do", failure)
    assert (playing.at, playing.error("do")) == (["b"], failure)


def test_an_answer_is_bounded_in_size() -> None:
    assert asking().respond("do", 200, body="x" * RESPONSE_BYTES_MAX).error("do") == "too_large"


# --- again ---------------------------------------------------------------------------------------------

RETRIED = [408, 425, 429, 500, 503, 599, "timeout", "connect"]


@pytest.mark.parametrize("answer", RETRIED)
def test_by_default_it_is_tried_again_after_what_may_pass(answer: int | str) -> None:
    playing = asking(retry={"times": 1}).respond("do", answer)
    assert (playing.at, playing.calls) == (["do"], [])
    assert playing.later(10 * SECOND).calls


@pytest.mark.parametrize("answer", [400, 404, 409, "refused"])
def test_by_default_it_is_not_tried_again_after_what_stays(answer: int | str) -> None:
    assert asking(retry={"times": 3}).respond("do", answer).at == ["do!"]


def test_on_says_after_what_it_is_tried_again() -> None:
    retry = {"times": 1, "on": [404, "timeout"]}
    assert asking(retry=retry).respond("do", 404).at == ["do"]
    assert asking(retry=retry).respond("do", "timeout").at == ["do"]
    assert asking(retry=retry).respond("do", 503).at == ["do!"]


def test_pauses_double_up_to_the_longest_and_lie_in_their_upper_half() -> None:
    playing = asking(retry={"times": 4, "first": "PT10S", "max": "PT30S"})
    pauses = []
    for _ in range(4):
        playing.respond("do", 503)
        assert playing.turn.due is not None
        pauses.append(playing.turn.due - playing.now)
        playing.later(MINUTE)
    for pause_ms, whole in zip(pauses, (10, 20, 30, 30), strict=True):
        assert whole * SECOND / 2 <= pause_ms <= whole * SECOND
    playing.respond("do", 503)
    assert playing.at == ["do!"]
    error = playing.output("do")["error"]
    assert isinstance(error, dict)
    assert error["attempts"] == 5


def test_a_response_of_an_earlier_attempt_is_recorded_and_changes_nothing() -> None:
    playing = asking(retry={"times": 1}).respond("do", 503).later(10 * SECOND)
    state = playing.respond("do", 200, attempt=1).state
    assert (playing.at, state.tokens[0].attempt) == (["do"], 2)
    assert playing.turn.trace[-1].result == "stale response"


# --- what cannot be asked ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["ftp://x.org/", "https://", "nowhere", "https://x.org/a b", "http://x.org:0/"]
)
def test_a_request_needs_a_web_address(url: str) -> None:
    assert asking({"id": 1, "n": 1, "none": None}, url="{{ '" + url + "' }}").error("do") == "bad_url"


def test_a_request_is_bounded_in_size() -> None:
    big = {"id": 1, "n": ["x" * 1_000] * 100, "none": None}
    assert asking(big).error("do") == "too_large"


def test_cancelling_the_instance_drops_the_token_and_what_has_not_left() -> None:
    playing = asking().give(Cancelled())
    assert playing.at == []
    assert any(isinstance(effect, DropCalls) for effect in playing.effects)

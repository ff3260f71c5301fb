"""Request steps: what is asked, what counts as an answer, and when it is tried again (flow format §5).

The call itself leaves from the outbox after the commit; each attempt comes back as an input.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from ...effects import CallRequest
from ...errors import RuleError
from ...inputs import RequestDone, Response
from ...instance import TimerKind, Token
from ...json_values import as_json
from ...limits import REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX
from ...model import Next, Request, Retry
from ...text.links import is_web_address
from ...text.printing import text_of
from ...values import Value
from ..run import Run, pack
from ..running import attempt, holds

_OK: Final = range(200, 300)


def enter(run: Run, step: Request, activation: int) -> None:
    """Make the first attempt; the token waits for what comes back."""
    run.add_token(Token(step.id, activation, run.now, attempt=1))
    _call(run, step, activation, 1)


def ring(run: Run, step: Request, activation: int) -> None:
    """The pause before the next attempt is over."""
    token = _token(run, step.id, activation)
    assert token is not None, "timers of a request go with its token"
    attempt(run, step, activation, lambda *_: _call(run, step, activation, token.attempt))


def done(run: Run, done: RequestDone) -> None:
    """An attempt is over: go on, try again, or fail. A stale one is recorded and changes nothing."""
    step = run.flow.steps.get(done.step)
    token = _token(run, done.step, done.activation)
    if not isinstance(step, Request) or token is None or token.attempt != done.attempt:
        run.note(done.step, "stale response")
        return
    request, waiting = step, token
    run.woke = True
    attempt(run, request, done.activation, lambda *_: _judge(run, request, waiting, done))


def _token(run: Run, step: str, activation: int) -> Token | None:
    for token in run.tokens:
        if token.step == step and token.activation == activation and token.error is None:
            return token
    return None


def _judge(run: Run, step: Request, token: Token, done: RequestDone) -> Next | None:
    if done.response is not None and len(pack(done.response)) > RESPONSE_BYTES_MAX:
        raise RuleError(
            "too_large", f"An answer has at most {RESPONSE_BYTES_MAX} bytes.", attempts=token.attempt
        )
    if done.response is not None and _is_expected(run, step, done.response):
        run.drop_token(token)
        shown = _shown(done.response)
        run.output(step.id, {"runs": token.activation, "response": shown, "attempts": token.attempt})
        run.note(step.id, f"response: {done.response.status}")
        return step.next
    pause = _pause(run, step.retry, token, done)
    if pause is None:
        raise _failure(token, done)
    run.replace_token(token, replace(token, attempt=token.attempt + 1))
    run.set_timer(run.now + pause, TimerKind.RETRY, step.id, token.activation)
    run.note(step.id, f"tried in vain: {_what(done)}; again in {pause} ms")
    return None


def _is_expected(run: Run, step: Request, response: Response) -> bool:
    if step.expect is None:
        return response.status in _OK
    run.context["response"] = _shown(response)
    try:
        return holds(run, step.id, "expect", step.expect)
    finally:
        run.context.pop("response", None)


def _shown(response: Response) -> dict[str, object]:
    return {"status": response.status, "headers": response.headers, "body": response.body}


def _pause(run: Run, retry: Retry | None, token: Token, done: RequestDone) -> int | None:
    """How long to wait for another attempt, ms; None for no other. Between half and all of the pause, so that
    those who failed together do not come back together."""
    if retry is None or token.attempt > retry.times:
        return None
    status = done.response.status if done.response is not None else None
    if status not in retry.statuses if status is not None else done.failure not in retry.failures:
        return None
    # More doublings than bits of the longest pause change nothing.
    pause = min(retry.first_ms << min(token.attempt - 1, 32), retry.max_ms)
    return round(pause * (0.5 + run.chance("retry", token.step, token.activation, token.attempt) / 2))


def _failure(token: Token, done: RequestDone) -> RuleError:
    if done.response is None:
        message = done.message or "The request failed."
        return RuleError(done.failure or "failed", message, attempts=token.attempt)
    status = done.response.status
    message = f"The answer was {status}, which is not what the step expects."
    return RuleError("unexpected_response", message, status=status, attempts=token.attempt)


def _what(done: RequestDone) -> str:
    return str(done.response.status) if done.response is not None else done.failure or "failed"


def _call(run: Run, step: Request, activation: int, number: int) -> None:
    """Everything is rendered anew for each attempt; the key stays."""
    url = step.url.resolve(run.context, run.setting)
    if not isinstance(url, str) or not is_web_address(url):
        raise RuleError("bad_url", "A request needs an http or https address.")
    body = step.body.resolve(run.context, run.setting) if step.body is not None else None
    known_as = f"{step.id}#{activation}"
    call = CallRequest(
        step=step.id,
        activation=activation,
        attempt=number,
        key=f"{run.base.id}:{run.base.renamed.get(known_as, known_as)}",
        method=step.method,
        url=url,
        headers=_texts(run, step.headers),
        query=_texts(run, step.query),
        form=None if step.form is None else _texts(run, step.form),
        body=None if body is None else text_of(body),
        credential=step.credential,
        timeout_ms=step.timeout_ms,
    )
    if step.json is not None:
        call = replace(call, json=as_json(step.json.resolve(run.context, run.setting)))
    if len(pack(call)) > REQUEST_BYTES_MAX:
        raise RuleError("too_large", f"A request has at most {REQUEST_BYTES_MAX} bytes.")
    run.effects.append(call)
    run.note(step.id, f"request: {step.method} {url}" if number == 1 else f"attempt {number}")


def _texts(run: Run, values: Mapping[str, Value]) -> dict[str, str]:
    """As text; what is null is left out."""
    resolved = {name: value.resolve(run.context, run.setting) for name, value in values.items()}
    return {name: text_of(value) for name, value in resolved.items() if value is not None}

"""Webhook triggers: requests to their addresses, and the addresses for authors (HTTP API, "Events and
starts").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from actors.commands import ChangeHook, HookResult
from actors.hooks import Unreadable, read_call
from actors.records import HookRow
from rules.calendar.times import rfc3339
from rules.causes import OfRequest
from rules.model import WebhookTrigger
from rules.world import World
from server.errors import ApiError, FieldError

from . import bodies
from .answers import instant
from .flows import found
from .refusals import unwrap
from .requests import SECRET_HEADERS, headers_of, read_request, receiver, verify
from .routes import Call, Route

TAG: Final = "Webhooks"
SAMPLING_MS: Final = 15 * 60_000
"""For how long the next request is taken as the sample."""
SAMPLE_BYTES_MAX: Final = 64 * 1024


class HookItem(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger's address: `path` is where to post. `sample`: the last one taken: body, headers, query."""

    trigger: str
    path: str
    paused: bool
    created_at: str | None
    sampling_until: str | None
    sampled_at: str | None
    sample: Any


class HookPage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[HookItem]
    next_cursor: None = None


def item(row: HookRow) -> HookItem:
    return HookItem(
        trigger=row.trigger,
        path=f"/v1/hooks/{row.token}",
        paused=row.paused,
        created_at=instant(row.created_at),
        sampling_until=None if row.sampling_until is None else rfc3339(row.sampling_until),
        sampled_at=None if row.sampled_at is None else rfc3339(row.sampled_at),
        sample=None if row.sample is None else msgspec.json.decode(row.sample),
    )


# ── requests ───────────────────────────────────────────────────────────────────────────────────────────


async def receive(call: Call) -> HookResult:
    """Unknown, revoked and paused addresses are the same 404."""
    engine, token = call.parts.engine, call.path("token")
    row = engine.hooks.find(token)
    if row is None or row.paused:
        raise _no_address()
    limited(call, token)
    raw = await bodies.read(call.request, bytes_max=call.parts.config.api.event_bytes_max)
    now = call.parts.clock.now()
    headers = headers_of(call.request)
    armed = engine.definitions.armed(row.flow, row.trigger)
    trigger = armed.trigger if armed is not None else None
    is_sampling = row.sampling_until is not None and row.sampling_until >= now
    if not isinstance(trigger, WebhookTrigger):
        if not is_sampling:
            raise _no_address()
        await sample(call, row, read_request(call.request, raw, headers, SECRET_HEADERS, id="", now=now))
        return HookResult(status="ignored")
    secret = verify(call, headers, raw, kind=trigger.verification, credential=trigger.credential, now=now)
    request = read_request(call.request, raw, headers, secret, id="", now=now)
    if is_sampling:
        await sample(call, row, request)
    return await pull(call, row, trigger, request)


async def pull(call: Call, row: HookRow, trigger: WebhookTrigger, request: OfRequest) -> HookResult:
    flows = call.parts.config.flows
    world = World(constants=flows.constants, zone=flows.timezone, locale=flows.locale)
    hook_call = read_call(row.flow, trigger, request, world=world)
    if hook_call is None:
        return HookResult(status="ignored")
    if isinstance(hook_call, Unreadable):
        raise _unreadable(hook_call)
    return unwrap(await call.parts.engine.call_hook(hook_call))


def _unreadable(unreadable: Unreadable) -> ApiError:
    failed = unreadable.failed
    wrong = FieldError(pointer=f"/{unreadable.what}", code=failed.code, message=failed.message)
    return ApiError("invalid", f"The trigger cannot read this request: {failed.message}", errors=[wrong])


async def sample(call: Call, row: HookRow, request: OfRequest) -> None:
    """Kept for the author, with its body cut out if it is large."""
    shown: Mapping[str, object] = {
        "headers": request.headers,
        "query": request.query,
        "body": request.body,
    }
    packed = msgspec.json.encode(shown)
    if len(packed) > SAMPLE_BYTES_MAX:
        packed = msgspec.json.encode({"too_large": len(packed)})
    await call.parts.engine.sample_hook(row.token, packed)


def limited(call: Call, token: str) -> None:
    wait_s = call.parts.rates.hooks.take(token)
    if wait_s:
        raise ApiError("rate_limited", "Too many requests to this address.", retry_after_s=wait_s)


def _no_address() -> ApiError:
    return ApiError("not_found", "There is nothing at this address.")


# ── addresses ──────────────────────────────────────────────────────────────────────────────────────────

HookAction = Literal["show", "pause", "resume", "rotate", "sample"]


async def list_hooks(call: Call) -> HookPage:
    """Of every webhook trigger that was published, or whose author asked for an address."""
    row = await found(call)
    hooks = [hook for hook in call.parts.engine.hooks.all() if hook.flow == row.key]
    return HookPage(items=[item(hook) for hook in sorted(hooks, key=lambda hook: hook.trigger)])


async def changed(call: Call, action: HookAction) -> HookItem:
    row, trigger = await found(call), call.path("trigger")
    write = ChangeHook(flow=row.key, trigger=trigger, action=action, sampling_ms=SAMPLING_MS)
    if trigger not in await call.parts.engine.webhooks_of(row.key) and action != "pause":
        raise ApiError("not_found", f"The flow has no webhook trigger {trigger[:64]!r}.")
    return item(unwrap(await call.parts.engine.change_hook(write)))


async def show(call: Call) -> HookItem:
    return await changed(call, "show")


async def take_sample(call: Call) -> HookItem:
    """The next request within 15 minutes is kept, without its credentials."""
    return await changed(call, "sample")


async def pause(call: Call) -> HookItem:
    return await changed(call, "pause")


async def resume(call: Call) -> HookItem:
    return await changed(call, "resume")


async def rotate(call: Call) -> HookItem:
    """A new address; the old one is gone."""
    return await changed(call, "rotate")


def _route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    fields = {"role": "author", "answer": HookItem, "codes": ("not_found", "overloaded"), **rest}
    return Route(method=method, path=path, handle=handle, summary=summary, tag=TAG, **fields)


_AT = "/v1/flows/{flow}/triggers/{trigger}"
ROUTES = (
    receiver("/v1/hooks/{token}", receive, "A request to a webhook trigger", answer=HookResult, tag=TAG),
    _route("GET", "/v1/flows/{flow}/hooks", list_hooks, "Addresses of a flow's webhooks", answer=HookPage),
    _route("POST", f"{_AT}/address", show, "The address of a webhook trigger"),
    _route("POST", f"{_AT}/sample", take_sample, "Take the next request as the sample"),
    _route("POST", f"{_AT}/pause", pause, "Take no requests"),
    _route("POST", f"{_AT}/resume", resume, "Take requests again"),
    _route("POST", f"{_AT}/rotate", rotate, "Give the trigger another address"),
)

"""Compiles what reaches beyond the instance: requests, notifications, other flows (flow format §5, §8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import UnsetType

from .. import model
from ..documents import notifications as written_notifications
from ..documents import steps as written
from ..documents.problems import Pointer, Report, child
from ..limits import PUSH_TTL_MS_MAX, REQUEST_MS_MAX, RETRY_PAUSE_MS_MAX
from ..notifications import NotificationTemplate
from ..types import Scope
from ..values import Value
from .given import Given, given
from .references import References
from .scopes import Scopes
from .sources import Sources
from .step_base import Base

RETRIED_STATUSES: Final = frozenset({408, 425, 429, *range(500, 600)})
RETRIED_FAILURES: Final = frozenset({"timeout", "connect"})


class OutsideCompiler:
    def __init__(self, sources: Sources, scopes: Scopes, references: References) -> None:
        self._sources = sources
        self._scopes = scopes
        self._references = references
        self._given = Given(sources, scopes.steps)

    # --- requests ----------------------------------------------------------------------------------

    def request(self, base: Base, step: written.Request, pointer: Pointer) -> model.Request:
        bodies = [name for name in ("json", "form", "body") if given(getattr(step, name)) is not None]
        if len(bodies) > 1:
            message = 'Only one of "json", "form" and "body" can stand here.'
            self._sources.report.add("choose_one", child(pointer, bodies[-1]), message, at_key=True)
        if step.method in ("GET", "HEAD") and bodies:
            message = f"A {step.method} request has no body."
            self._sources.report.add("choose_one", child(pointer, bodies[0]), message, at_key=True)
        form = given(step.form)
        return model.Request(
            **base,
            method=step.method,
            url=self._sources.value(step.url, self._scopes.steps, child(pointer, "url")),
            headers=self._headers(step, child(pointer, "headers")),
            query=self._given.values(step.query, child(pointer, "query")),
            json=self._given.value(step.json, child(pointer, "json")),
            form=None if form is None else self._given.values(form, child(pointer, "form")),
            body=self._given.value(step.body, child(pointer, "body")),
            credential=given(step.credential),
            timeout_ms=self._given.exact_ms(step.timeout, child(pointer, "timeout"), most=REQUEST_MS_MAX),
            retry=self._retry(step.retry, child(pointer, "retry")),
            expect=self._given.condition(step.expect, child(pointer, "expect"), self._scopes.response),
        )

    def _headers(self, step: written.Request, pointer: Pointer) -> Mapping[str, Value]:
        for name in step.headers:
            check_header(name, self._sources.report, child(pointer, name))
        return self._given.values(step.headers, pointer)

    def _retry(self, retry: written.Retry | UnsetType, pointer: Pointer) -> model.Retry | None:
        if isinstance(retry, UnsetType):
            return None
        on = given(retry.on)
        statuses = RETRIED_STATUSES if on is None else frozenset(one for one in on if isinstance(one, int))
        failures = RETRIED_FAILURES if on is None else frozenset(one for one in on if isinstance(one, str))
        return model.Retry(
            times=retry.times,
            first_ms=self._given.exact_ms(retry.first, child(pointer, "first"), most=RETRY_PAUSE_MS_MAX),
            max_ms=self._given.exact_ms(retry.max, child(pointer, "max"), most=RETRY_PAUSE_MS_MAX),
            statuses=statuses,
            failures=failures,
        )

    # --- other flows -------------------------------------------------------------------------------

    def start_flow(self, base: Base, step: written.StartFlow, pointer: Pointer) -> model.StartFlow:
        return model.StartFlow(
            **base,
            flow=step.flow,
            variables=self._given.values(step.variables, child(pointer, "variables")),
            customer=self._given.value(step.customer, child(pointer, "customer")),
            wait=step.wait,
        )

    # --- notifications -----------------------------------------------------------------------------

    def notification(
        self, id: str, notification: written_notifications.Notification, pointer: Pointer
    ) -> NotificationTemplate:
        scope = self._scopes.steps
        rendered = ("data", "image", "collapse_key", "badge")
        values = {
            name: self._given.value(getattr(notification, name), child(pointer, name)) for name in rendered
        }
        fixed: dict[str, object] = {}
        for name in ("sound", "platforms"):
            if (value := given(getattr(notification, name))) is not None:
                fixed[name] = value
        ttl = given(notification.ttl)
        if ttl is not None:
            fixed["ttl_s"] = self._given.exact_ms(ttl, child(pointer, "ttl"), most=PUSH_TTL_MS_MAX) // 1_000
        place = child(pointer, "translations")
        return NotificationTemplate(
            id=id,
            texts=self._texts(notification.title, notification.body, scope, pointer),
            translations={
                locale: self._texts(given(texts.title), given(texts.body), scope, child(place, locale))
                for locale, texts in notification.translations.items()
            },
            values={name: value for name, value in values.items() if value is not None},
            fixed=fixed,
            topic=given(notification.topic),
        )

    def _texts(self, title: str | None, body: str | None, scope: Scope, pointer: Pointer) -> dict[str, Value]:
        texts = {"title": title, "body": body}
        return {
            name: self._sources.value(text, scope, child(pointer, name))
            for name, text in texts.items()
            if text is not None
        }


def check_header(name: str, report: Report, pointer: Pointer) -> None:
    """A header's name is a token (RFC 9110 §5.6.2); those that the server sets itself are not taken."""
    is_token = name.isascii() and name and all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in name)
    if not is_token:
        report.add("bad_name", pointer, f'"{name[:64]}" is not the name of a header.', at_key=True)
    elif name.lower() in _OWN_HEADERS:
        report.add("bad_name", pointer, f'The server sets "{name}" itself.', at_key=True)


_OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "idempotency-key"}
)

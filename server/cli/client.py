"""The HTTP API as commands use it: one connection, JSON in and out, refusals with their places.

Built on the standard library: a command that posts one file should not wait for a server framework to load.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import click

from .failures import Broken, Failure, Misused

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
SERVER_DEFAULT: Final = "http://127.0.0.1:8080"
TIMEOUT_S: Final = 60.0
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
JSON: Final = "application/json"


class Unanswered(Exception):
    """The server could not be reached, or went away: it is not known whether it did anything."""


def server_options(command: Decorated) -> Decorated:
    """`--server` and `--key`, given to the command as `server` and `key`."""
    server = click.option(
        "--server", metavar="URL", envvar="FLOWDECK_SERVER", default=SERVER_DEFAULT, show_default=True
    )
    key = click.option("--key", metavar="KEY", envvar="FLOWDECK_KEY", help="An API key; or FLOWDECK_KEY.")
    return server(key(command))


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def retry_after_s(self) -> float | None:
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdecimal() else None

    def json(self) -> Any:
        """The decoded answer; {} if it is none, such as a proxy's own page."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def code(self) -> str:
        decoded = self.json()
        return str(decoded.get("code", "")) if isinstance(decoded, dict) else ""

    @property
    def detail(self) -> str:
        decoded = self.json()
        members = decoded if isinstance(decoded, dict) else {}
        return str(members.get("detail") or members.get("title") or f"the server answered {self.status}")


class Client:
    """Calls one server with one key."""

    def __init__(self, server: str, key: str | None) -> None:
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise Misused(f"{server!r} is not a server's address", hint=f"such as {SERVER_DEFAULT}")
        if not key:
            raise Misused("an API key is needed", hint="give --key, or set FLOWDECK_KEY")
        if not key.isascii() or not key.isprintable():
            raise Misused("the API key has characters that no key has")
        self._server = server
        self._prefix = parts.path.rstrip("/")
        self._key = key
        self._line = _line(parts.scheme, parts.hostname, parts.port)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def call(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The reply, whatever its status; Unanswered if there was none."""
        sent = {"Authorization": f"Bearer {self._key}", "Accept": JSON}
        if isinstance(body, Mapping):
            body, sent["Content-Type"] = json.dumps(body).encode(), JSON
        try:
            self._line.request(method, self._prefix + path, body=body, headers={**sent, **(headers or {})})
            answer = self._line.getresponse()
            content = answer.read(ANSWER_BYTES_MAX)
        except (OSError, http.client.HTTPException) as error:
            self._line.close()  # the next call dials again
            raise Unanswered(str(error) or type(error).__name__) from error
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def get(self, path: str) -> Reply:
        """What is there; a refusal ends the command."""
        reply = self.reach("GET", path)
        if not reply.ok:
            raise refused(reply)
        return reply

    def reach(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """As `call`, but a server that is not there ends the command."""
        try:
            return self.call(method, path, body, headers=headers)
        except Unanswered as error:
            raise Broken(
                f"{self._server} does not answer: {error}", hint="--server or FLOWDECK_SERVER names another"
            ) from error


def _line(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(
            host, port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)


def refused(reply: Reply, *, about: str = "") -> Failure:
    """What ends a command whose call was refused: our fault, the server's, or simply no.

    `about` is what the call was about, where the server's own words do not say so.
    """
    lines = [f"{about}: {reply.detail}" if about else reply.detail]
    decoded = reply.json()
    errors = decoded.get("errors", []) if isinstance(decoded, dict) else []
    lines += [f"  {error.get('pointer', '')}: {error.get('message', '')}" for error in errors]
    message = "\n".join(lines)
    if reply.status == 401:
        return Failure(message, hint="`flowdeck keys create` makes a key; --key or FLOWDECK_KEY gives it")
    return Broken(message) if reply.status >= 500 else Failure(message)

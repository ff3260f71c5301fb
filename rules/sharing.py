"""A flow's document as it may leave the server: without secrets that somebody has written into it, and
without whom it is for.

An audience becomes a tag that nobody has, and its trigger is disabled: who takes the document in chooses
both. Names of credentials stay, because they are no secrets and say what the flow needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

NOBODY: Final = {"tag": "choose-an-audience"}
_SECRET = re.compile(
    r"auth(?!or(?!i))|token|secret|passw|api[-_]?key|cookie|signature|session|private", re.IGNORECASE
)
"""In names of fields; an author is none."""
_FIELDS: Final = ("headers", "query", "form", "json")
_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#@]*@")
_PARAMETER = re.compile(r"([?&])([^=&#]+)=[^&#]*")


def without_private(document: Mapping[str, Any]) -> dict[str, Any]:
    """The plain data of a well-formed document, in its order; what is given stays as it is."""
    shared = dict(document)
    if "triggers" in shared:
        shared["triggers"] = {name: _trigger(trigger) for name, trigger in shared["triggers"].items()}
    shared["steps"] = {id: _step(step) for id, step in shared["steps"].items()}
    return shared


def _trigger(trigger: Mapping[str, Any]) -> dict[str, Any]:
    if "audience" not in trigger:
        return dict(trigger)
    return {**trigger, "audience": NOBODY, "enabled": False}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    if step["type"] != "request":
        return dict(step)
    kept = {key: _without_secrets(value) if key in _FIELDS else value for key, value in step.items()}
    return {**kept, "url": _url(step["url"])}


def _without_secrets(value: object) -> object:
    """Without what is named like one, also in what stands inside."""
    if isinstance(value, dict):
        return {key: _without_secrets(held) for key, held in value.items() if not _SECRET.search(str(key))}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return value


def _url(url: str) -> str:
    return _PARAMETER.sub(_parameter, _USER.sub(r"\1", url))


def _parameter(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}=" if _SECRET.search(found[2]) else found[0]

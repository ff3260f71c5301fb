"""The API as a page to read: plain HTML made of the OpenAPI document, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

STYLE: Final = (Path(__file__).parent / "docs.css").read_text("utf-8")
_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'"
HEADERS: Final = {"Content-Security-Policy": POLICY}
CONTENT_TYPE: Final = "text/html; charset=utf-8"


def page(document: Mapping[str, Any]) -> bytes:
    """The page of an OpenAPI document."""
    return "".join(_html(document)).encode()


def _html(document: Mapping[str, Any]) -> Iterator[str]:
    groups = _by_tag(document)
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Flowdeck API</title>'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<style>{STYLE}</style></head><body><main>"
    yield f"<h1>Flowdeck API</h1><p>Version {escape(document['info']['version'])}. For programs: "
    yield '<a href="/openapi.json">openapi.json</a>, <a href="/asyncapi.json">asyncapi.json</a>, '
    yield '<a href="/schema/flow.json">flow.json</a>, '
    yield '<a href="/schema/flow-test.json">flow-test.json</a>.</p><nav aria-label="Groups">'
    for tag in groups:
        yield f'<a href="#{_anchor(tag)}">{escape(tag)}</a>'
    yield "</nav>"
    for tag, operations in groups.items():
        yield f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>'
        for method, path, operation in operations:
            yield from _operation(method, path, operation, document)
    yield "</main></body></html>"


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append((method, path, operation))
    return groups


def _anchor(tag: str) -> str:
    return tag.lower().replace(" ", "-")


def _operation(
    method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]
) -> Iterator[str]:
    yield f'<details><summary><span class="m {method}">{method.upper()}</span><code>{escape(path)}</code>'
    yield f'<span>{escape(operation["summary"])}</span></summary><div class="in">'
    if "description" in operation:
        yield f"<p>{escape(operation['description'])}</p>"
    if operation["parameters"]:
        yield "<h3>Parameters</h3><table>"
        for one in operation["parameters"]:
            yield f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}</td>"
            shape = escape(_shape(one["schema"], document))
            yield f"<td>{escape(one.get('description', ''))} <code>{shape}</code></td></tr>"
        yield "</table>"
    if "requestBody" in operation:
        yield from _body(operation["requestBody"]["content"], document)
    yield "<h3>Answers</h3><table>"
    for status, answer in operation["responses"].items():
        yield f"<tr><td><code>{status}</code></td><td>{escape(answer['description'])}"
        if status < "300":
            for media in list(answer.get("content", {}).values())[:1]:
                yield _example(media.get("schema"), document)
        yield "</td></tr>"
    yield "</table></div></details>"


def _body(content: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3>Body: {escape(', '.join(content))}</h3>"
    for media in list(content.values())[:1]:
        yield _example(media.get("schema"), document)


def _example(schema: Mapping[str, Any] | None, document: Mapping[str, Any]) -> str:
    return f"<pre>{escape(_shape(schema, document))}</pre>" if schema else ""


def _shape(schema: Mapping[str, Any], document: Mapping[str, Any], depth: int = 0) -> str:
    """A schema in the fewest words: names with their types, nested to a readable depth."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        inner = document["components"]["schemas"][name]
        return name if depth > 2 else _shape(inner, document, depth)
    if "anyOf" in schema:
        return " | ".join(_shape(one, document, depth + 1) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_shape(schema.get('items') or {}, document, depth + 1)}, …]"
    if "properties" in schema:
        return _object(schema, document, depth)
    return str(schema.get("type", "any"))


def _object(schema: Mapping[str, Any], document: Mapping[str, Any], depth: int) -> str:
    pad, required = "  " * (depth + 1), schema.get("required", ())
    lines = [
        f"{pad}{name}{'' if name in required else '?'}: {_shape(kind, document, depth + 1)}"
        for name, kind in schema["properties"].items()
    ]
    return "{\n" + "\n".join(lines) + "\n" + "  " * depth + "}"

"""What a server holds of flows, projects and segments, as commands read and write it.

Every write names the revision that was read: what somebody else wrote since is refused, not overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from .client import Client, refused
from .documents import MEDIA_TYPES
from .failures import Broken

if TYPE_CHECKING:
    from rules.documents.project import SegmentRule

    from .workspace import DocumentType

ANY: Final = "*/*"
"""As it was written: YAML or JSON."""
NO_PROJECT: Final = '"0"'
"""The ETag where a server has no project yet."""
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""Flows become names of files."""
PAGES_MAX: Final = 1_000
"""Of one list: a server that always has a next page is wrong."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document of the server, in the form that it was written in or asked for."""

    text: bytes
    type: DocumentType
    etag: str = ""


@dataclass(frozen=True, slots=True)
class StoredFlow:
    """`published` is the number of the version that is, if one is."""

    key: str
    published: int | None
    is_archived: bool


@dataclass(frozen=True, slots=True)
class StoredProject:
    """`document` is None where there is none yet."""

    document: Stored | None
    etag: str
    segments: Mapping[str, SegmentRule]

    @property
    def whole(self) -> bytes:
        """The text, with the segments as they are on the server."""
        from rules.documents.segments import with_segments

        text = b"" if self.document is None else self.document.text
        return with_segments(text.decode(), self.segments).encode()


def flows(client: Client) -> Mapping[str, StoredFlow]:
    """All of them, in the order of their keys."""
    found: dict[str, StoredFlow] = {}
    for each in sorted(items(client, "/v1/flows"), key=lambda each: str(each["flow"])):
        if not _KEY.fullmatch(each["flow"]):
            raise Broken(f"the server names a flow {each['flow']!r}, which no flow is called")
        found[each["flow"]] = StoredFlow(each["flow"], each["published"], each["state"] == "archived")
    return found


def document(client: Client, flow: StoredFlow, *, is_published: bool) -> Stored | None:
    """The draft; or what is published, if anything is."""
    if is_published:
        return None if flow.published is None else version(client, flow.key, flow.published)
    found = draft(client, flow.key)
    if found is None:
        raise Broken(f"the server lists the flow {flow.key}, and has no draft of it")
    return found


def draft(client: Client, flow: str) -> Stored | None:
    """None: there is no such flow."""
    reply = client.reach("GET", f"{flow_address(flow)}/draft", headers={"Accept": ANY})
    if reply.code == "not_found":
        return None
    if not reply.ok:
        raise refused(reply)
    if "etag" not in reply.headers:
        raise _stranger("draft")
    type: DocumentType = "json" if reply.headers["content-type"].startswith("application/json") else "yaml"
    return Stored(reply.body, type, reply.headers["etag"])


def version(client: Client, flow: str, number: int) -> Stored:
    read = client.get(f"{flow_address(flow)}/versions/{number}").json()
    return Stored(read["document"].encode(), "json" if read["document_type"] == "json" else "yaml")


def project(client: Client) -> StoredProject:
    reply = client.reach("GET", "/v1/project", headers={"Accept": MEDIA_TYPES["yaml"]})
    if not reply.ok:
        raise refused(reply)
    etag = reply.headers.get("etag", "")
    if not etag:
        raise _stranger("project")
    document = None if etag == NO_PROJECT else Stored(reply.body, "yaml", etag)
    return StoredProject(document, etag, segments(client))


def segments(client: Client) -> Mapping[str, SegmentRule]:
    """Those that there are and stay, by id."""
    from rules.documents.project import SegmentRule

    listed = sorted(items(client, "/v1/segments"), key=lambda each: str(each["id"]))
    return {
        each["id"]: SegmentRule(name=each["name"], description=each["description"], rule=each["rule"])
        for each in listed
        if each["state"] != "removing"
    }


def items(client: Client, path: str) -> Iterator[Any]:
    """All of a list, page by page."""
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        page = client.get(path if cursor is None else f"{path}?{urlencode({'cursor': cursor})}").json()
        if not isinstance(page, dict) or "items" not in page:
            raise _stranger("list")
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return
    raise Broken(f"the server's list at {path} does not end")


def _stranger(what: str) -> Broken:
    return Broken(
        f"what answers is no {what} of a Flowdeck server", hint="--server or FLOWDECK_SERVER names another"
    )


def flow_address(flow: str) -> str:
    return f"/v1/flows/{quote(flow, safe='')}"


def is_same(one: Stored, text: bytes, type: DocumentType) -> bool:
    """The same text; in the other form, the same document."""
    if one.type == type:
        return one.text == text
    from rules.documents.forms import is_equal
    from rules.documents.syntax import parse

    mine, _ = parse(text, type=type)
    theirs, _ = parse(one.text, type=one.type)
    return is_equal(mine, theirs)

"""Containers: which cards belong to one, how many it shows, what it looks like. They come from the
configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import msgspec

from server.settings import Container as Settings

from .wire import EVERY_STREAM

EVERYTHING: Final = "*"
"""Every card of the customer, whatever its streams."""
FIRST_VERSION: Final = 1
ETAG_BYTES: Final = 12

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Which cards belong here. `limit` is the app's to apply; None for everything. `version` rises with a
    change of settings, `membership` is another when other cards belong."""

    id: str
    stream: str
    limit: int | None
    version: int
    membership: bytes

    def holds(self, streams: tuple[str, ...]) -> bool:
        return self.stream == EVERY_STREAM or self.stream in streams


class ContainerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an app needs to show a container."""

    id: str
    title: str
    stream: str
    limit: int
    themes: dict[str, dict[str, str]]
    strings: dict[str, str]


class Containers:
    """The configured containers, and `*`."""

    def __init__(self, configured: Mapping[str, Settings], *, before: Containers | None = None) -> None:
        self._settings = {id: _shown(id, settings) for id, settings in configured.items()}
        self._containers = {id: self._made(settings, before) for id, settings in self._settings.items()}
        self._containers[EVERYTHING] = Container(
            id=EVERYTHING,
            stream=EVERY_STREAM,
            limit=None,
            version=FIRST_VERSION,
            membership=_membership(EVERYTHING, EVERY_STREAM),
        )

    def find(self, id: str) -> Container | None:
        return self._containers.get(id)

    def settings(self, id: str) -> ContainerSettings | None:
        return self._settings.get(id)

    def _made(self, settings: ContainerSettings, before: Containers | None) -> Container:
        old = None if before is None else before.find(settings.id)
        if before is not None and old is not None and before.settings(settings.id) == settings:
            return old
        return Container(
            id=settings.id,
            stream=settings.stream,
            limit=settings.limit,
            version=FIRST_VERSION if old is None else old.version + 1,
            membership=_membership(settings.id, settings.stream),
        )


def etag(settings: ContainerSettings) -> str:
    return f'"{blake2b(_encode(settings), digest_size=ETAG_BYTES).hexdigest()}"'


def _shown(id: str, settings: Settings) -> ContainerSettings:
    return ContainerSettings(
        id=id,
        title=settings.title,
        stream=settings.stream,
        limit=settings.limit,
        themes=settings.themes,
        strings=settings.strings,
    )


def _membership(id: str, stream: str) -> bytes:
    return f"{id}\0{stream}".encode()

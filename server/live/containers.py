"""Containers: which cards belong to one, how many it shows, what it looks like. They come from the
configuration; what belongs may differ between the platforms that apps run on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol, get_args

import msgspec

from rules.documents.parts import Platform
from server.settings import Container as Settings

from .wire import EVERY_STREAM

EVERYTHING: Final = "*"
"""Every card of the customer that the platform allows, whatever its streams and containers."""
PLATFORMS: Final[tuple[str, ...]] = get_args(Platform)
FIRST_VERSION: Final = 1
ETAG_BYTES: Final = 12

_encode = msgspec.json.Encoder(order="sorted").encode


class Addressed(Protocol):
    """What says where a card goes; an empty tuple: everywhere."""

    @property
    def streams(self) -> tuple[str, ...]: ...

    @property
    def platforms(self) -> tuple[str, ...]: ...

    @property
    def containers(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Which cards belong here, seen from apps on one platform (None: on none that we know).

    `limit` is the app's to apply; None for everything. `version` rises with a change of settings;
    `membership` names what belongs, and is another when other cards do.
    """

    id: str
    stream: str
    limit: int | None
    version: int
    platform: str | None
    membership: bytes

    def holds(self, card: Addressed) -> bool:
        if self.stream != EVERY_STREAM and self.stream not in card.streams:
            return False
        if card.platforms and self.platform not in card.platforms:
            return False
        return not card.containers or self.id in card.containers or self.id == EVERYTHING


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
        self._containers: dict[tuple[str, str | None], Container] = {}
        for platform in (None, *PLATFORMS):
            for id, settings in self._settings.items():
                self._containers[id, platform] = self._made(settings, platform, before)
            self._containers[EVERYTHING, platform] = self._everything(platform, before)

    def find(self, id: str, platform: str | None = None) -> Container | None:
        """The container as apps on the platform see it: the same object until its settings change."""
        return self._containers.get((id, platform))

    def settings(self, id: str) -> ContainerSettings | None:
        return self._settings.get(id)

    def _everything(self, platform: str | None, before: Containers | None) -> Container:
        old = None if before is None else before.find(EVERYTHING, platform)
        return old or Container(
            id=EVERYTHING,
            stream=EVERY_STREAM,
            limit=None,
            version=FIRST_VERSION,
            platform=platform,
            membership=_membership(EVERYTHING, EVERY_STREAM, platform),
        )

    def _made(
        self, settings: ContainerSettings, platform: str | None, before: Containers | None
    ) -> Container:
        old = None if before is None else before.find(settings.id, platform)
        if before is not None and old is not None and before.settings(settings.id) == settings:
            return old
        return Container(
            id=settings.id,
            stream=settings.stream,
            limit=settings.limit,
            version=FIRST_VERSION if old is None else old.version + 1,
            platform=platform,
            membership=_membership(settings.id, settings.stream, platform),
        )


def known_platform(text: str) -> str | None:
    """The platform that an app says it runs on, if it is one that cards can be meant for."""
    return text if text in PLATFORMS else None


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


def _membership(id: str, stream: str, platform: str | None) -> bytes:
    return f"{id}\0{stream}\0{platform or ''}".encode()

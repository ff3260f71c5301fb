"""The project as the server knows it: what is stored, compiled once for each that is written."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

import msgspec

from rules.compiling.project import compile_project
from rules.project import UNKNOWN, Project

from .resources import Resources

PROJECT: Final = "project"
"""Kind and id: a server has one."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the store keeps: the text as it was written, comments included."""

    type: Literal["yaml", "json"]
    text: str


_kept: Final = msgspec.json.Decoder(Kept)


def kept(document: bytes) -> Kept:
    return _kept.decode(document)


def known(resources: Resources) -> Project:
    row = resources.find(PROJECT, PROJECT)
    return UNKNOWN if row is None else _compiled(row.document)


@lru_cache(maxsize=4)
def _compiled(document: bytes) -> Project:
    """It was checked when it was written; a newer server may think otherwise: then nothing is held to it."""
    written = kept(document)
    return compile_project(written.text, type=written.type).project or UNKNOWN

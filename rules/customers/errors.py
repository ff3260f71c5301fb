"""What is wrong with a write to a profile: everything at once, each where it stands."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import RuleError

_COUNT_MAX = 100
"""Problems in one answer: nobody reads more at once."""


class ProfileError(RuleError):
    """A write that changed nothing. `errors` are maps of `pointer`, `code`, `message`."""

    def __init__(self, errors: tuple[Mapping[str, str], ...]) -> None:
        super().__init__("invalid_profile", errors[0]["message"])
        self.errors = errors


class Problems:
    """Collects what is wrong while a write is looked through."""

    def __init__(self) -> None:
        self.found: list[Mapping[str, str]] = []

    def add(self, pointer: str, code: str, message: str) -> None:
        if len(self.found) < _COUNT_MAX:
            self.found.append({"pointer": pointer, "code": code, "message": message})

    def add_unknown(self, pointer: str, name: str, message: str) -> None:
        """A key that does not exist; its name is shown shortened."""
        short = name[:64].replace("~", "~0").replace("/", "~1")
        self.add(f"{pointer}/{short}", "unknown_field", message)

    def raise_found(self) -> None:
        if self.found:
            raise ProfileError(tuple(self.found))

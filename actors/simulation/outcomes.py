"""Whether what a script does is answered as it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from rules.scripts.misses import Difference

from .sources import Stopped

_Found = TypeVar("_Found")


def check_answer(answer: str, expected: str, wrong: Sequence[Difference] = ()) -> None:
    if answer != expected:
        raise Stopped("It was answered otherwise.", [Difference("answer", expected, answer), *wrong])


def check_start(started: int, refused: Mapping[str, str], expected: str | bool) -> None:
    """`expected`: the code of a refusal, or whether there is to be one."""
    told = "; ".join(f"{reason}: {detail}" if detail else reason for reason, detail in refused.items())
    if expected is False:
        if not started:
            raise Stopped(f"Nothing was started. {told or 'No trigger of a flow took it.'}")
    elif expected is True:
        if not refused:
            raise Stopped(f"Nothing was refused; {started} started.")
    elif expected not in refused:
        actual = ", ".join(refused) or "nothing"
        raise Stopped("It was not refused like that.", [Difference("refused", expected, actual)])


def wrong_values(errors: Sequence[Mapping[str, str]]) -> list[Difference]:
    return [Difference(each["pointer"], "a value that fits", each["message"]) for each in errors]


def found(what: _Found | str) -> _Found:
    """What was picked; Stopped where there is a reason instead."""
    if isinstance(what, str):
        raise Stopped(what)
    return what

"""Durations on the command line: ISO 8601, in whole seconds."""

from __future__ import annotations

import click

from rules.calendar.durations import parse_duration
from rules.errors import RuleError

MS_PER_S = 1_000
S_PER_DAY = 86_400


class SecondsType(click.ParamType[int]):
    """`PT1H`, `P7D`: what has months or years has no fixed length."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            duration = parse_duration(str(value))
        except RuleError as error:
            self.fail(error.message, param, ctx)
        seconds, rest_ms = divmod(duration.ms, MS_PER_S)
        seconds += duration.days * S_PER_DAY
        if duration.months or rest_ms or seconds <= 0:
            self.fail(f"{value!r} is not a fixed time of whole seconds such as PT1H or P7D", param, ctx)
        return seconds


SECONDS = SecondsType()

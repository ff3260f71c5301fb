"""Compiles a project, `flowdeck.yaml`: its schemas and the rules of its segments, each with its place."""

from __future__ import annotations

from dataclasses import dataclass

from ..customers.profile import STANDARD
from ..documents import project as written
from ..documents.convert import convert
from ..documents.problems import Problem, Report, child
from ..documents.syntax import parse
from ..errors import ExpressionError, RuleError
from ..event_schemas import EventSchema, compile_schema
from ..project import RESERVED, Project
from .segments import compile_rule, rule_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledProject:
    """`project` is None exactly when a problem is an error; `document` is what it was compiled of."""

    project: Project | None
    problems: tuple[Problem, ...]
    document: written.Project | None = None


def compile_project(text: str | bytes, *, type: str) -> CompiledProject:
    """The project in `text` ("yaml" or "json"), or all that is wrong with it, each where it stands."""
    data, report = parse(text, type=type)
    document = None if report.has_errors else convert({} if data is None else data, written.Project, report)
    if document is None:
        return CompiledProject(project=None, problems=report.problems())
    project = _compile(document, report)
    return CompiledProject(
        project=None if report.has_errors else project, problems=report.problems(), document=document
    )


def _compile(document: written.Project, report: Report) -> Project:
    for name in document.fields:
        if name in STANDARD:
            message = f'"{name}" is a standard field of every profile.'
            report.add("reserved_name", child("/fields", name), message, at_key=True)
    _check_segments(document, report)
    for index, name in enumerate(document.app_events):
        _check_name(name, child("/app_events", index), report)
    return Project(
        fields=document.fields or None,
        events=_schemas(document, report),
        app_events=frozenset(document.app_events),
        segments=frozenset(document.segments) or None,
        constants=document.constants,
    )


def _check_segments(document: written.Project, report: Report) -> None:
    scope = rule_scope(document.constants or None)
    for name, segment in document.segments.items():
        try:
            compile_rule(segment.rule, scope)
        except ExpressionError as error:
            place = child(child("/segments", name), "rule")
            report.add(error.code, place, error.message, offset=error.offset)


def _schemas(document: written.Project, report: Report) -> dict[str, EventSchema]:
    found: dict[str, EventSchema] = {}
    for name, schema in document.event_schemas.items():
        place = child("/event_schemas", name)
        _check_name(name, place, report)
        try:
            found[name] = compile_schema(schema)
        except RuleError as error:
            report.add(error.code, place, error.message, at_key=True)
    return found


def _check_name(name: str, pointer: str, report: Report) -> None:
    if name.startswith(RESERVED):
        message = f'Only the server raises events that begin with "{name.partition(".")[0]}.".'
        report.add("reserved_name", pointer, message, at_key=True)

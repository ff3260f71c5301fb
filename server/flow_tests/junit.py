"""Results as JUnit XML, which build servers read: a suite a file, a case a case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from .running import CaseResult, FileResult
from .telling import failure_lines, problem_lines

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, whatever stands in a card."""


def write_junit(results: Sequence[FileResult], file: Path) -> None:
    """OSError if it cannot be written."""
    root = Element("testsuites", name="flowdeck test")
    for result in results:
        _suite(root, result)
    indent(root)
    ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _suite(root: Element, result: FileResult) -> None:
    suite = SubElement(
        root,
        "testsuite",
        name=result.file,
        tests=str(len(result.cases)),
        failures=str(result.failed),
        errors=str(int(result.is_broken)),
        time=_seconds(sum(case.seconds for case in result.cases)),
    )
    for case in result.cases:
        _case(suite, result, case)
    if result.is_broken:
        broken = SubElement(suite, "testcase", classname=result.file, name="the file itself", time="0")
        message = result.problems[0].message
        SubElement(broken, "error", message=_clean(message)).text = _clean("\n".join(problem_lines(result)))


def _case(suite: Element, result: FileResult, case: CaseResult) -> None:
    element = SubElement(
        suite, "testcase", classname=result.file, name=case.name, time=_seconds(case.seconds)
    )
    if case.status == "failed":
        element.set("line", str(case.line or 1))
        text = "\n".join(str(line) for line in failure_lines(result.file, case))
        SubElement(element, "failure", message=_clean(case.message)).text = _clean(text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.4f}"


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)

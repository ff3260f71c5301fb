"""The page about flow tests: every block of it is a test that passes, or steps that can be played."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest

from rules.documents.script import Expect, Step
from rules.documents.script import Setting as WrittenSetting
from rules.scripts.patterns import KINDS, MATCHERS
from server.flow_tests.running import Setting, run_file

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "flow-tests.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
FILES = {block.split("\n", 1)[0].removeprefix("# "): block for block in BLOCKS if block.startswith("# ")}
SCRIPTS = [block for block in BLOCKS if not block.startswith("# ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_first_test_passes(folder: Path) -> None:
    result = run_file(folder / "parcel.test.yaml", Setting())
    assert (result.problems, result.failed, result.passed) == ((), 0, 2)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.split("\n", 1)[0])
def test_the_steps_can_be_played(folder: Path, script: str) -> None:
    setting = FILES["parcel.test.yaml"].split("cases:", 1)[0]
    (folder / "steps.test.yaml").write_text(
        f"{setting}cases:\n  one:\n    script:\n{indent(script, '      ')}"
    )
    result = run_file(folder / "steps.test.yaml", Setting())
    assert result.problems == ()
    assert [(case.message, case.line) for case in result.cases] == [("", None)]


def test_every_key_of_what_is_expected_is_described() -> None:
    table = PAGE.split("## Expectations", 1)[1]
    assert all(f"`{name}`" in table for name in Expect.__struct_fields__)
    assert all(name in table for name in (*MATCHERS, *KINDS[1:]))


def test_every_step_and_setting_is_described() -> None:
    assert all(f"`{name}`" in PAGE for name in WrittenSetting.__struct_fields__)
    assert all(re.search(rf"[`{{]{name}[:`]", PAGE) for name in Step.__struct_fields__)

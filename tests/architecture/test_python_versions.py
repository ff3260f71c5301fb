"""Which versions of Python are promised, and that every place says the same.

Each was run by hand (decision 0002); what a change breaks in the others, mypy and ruff see, which check for
the oldest.
"""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CLASSIFIER = re.compile(r"Programming Language :: Python :: 3\.(\d+)")
OLDEST_THAT_READS_DEV = (3, 7)
"""As far back as the parser goes."""


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def promised() -> list[int]:
    """The minor versions."""
    found = [CLASSIFIER.fullmatch(text) for text in pyproject()["project"]["classifiers"]]
    return [int(match[1]) for match in found if match]


def constant_of_dev(name: str) -> object:
    tree = ast.parse((ROOT / "dev").read_text("utf-8"))
    (value,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == name
    )
    return ast.literal_eval(value)


def test_promised_versions_have_no_gap() -> None:
    assert promised() == list(range(promised()[0], promised()[-1] + 1))


def test_every_place_names_the_same_oldest_version() -> None:
    oldest, read = promised()[0], pyproject()
    assert constant_of_dev("PYTHON_MIN") == (3, oldest)
    assert read["project"]["requires-python"] == f">=3.{oldest}"
    assert read["tool"]["mypy"]["python_version"] == f"3.{oldest}"
    assert read["tool"]["ruff"]["target-version"] == f"py3{oldest}"
    assert f"Python 3.{oldest} or newer" in (ROOT / "README.md").read_text("utf-8")


def test_older_python_can_read_dev_as_far_as_its_word_about_newer_ones() -> None:
    ast.parse((ROOT / "dev").read_text("utf-8"), feature_version=OLDEST_THAT_READS_DEV)

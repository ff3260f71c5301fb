from pathlib import Path
from runpy import run_path
from typing import Any

import jsonschema_rs
import pytest

from rules.documents.schema import flow_schema, view_schema
from rules.documents.syntax import parse

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


@pytest.mark.parametrize("schema", [flow_schema(), view_schema()], ids=["flow", "view"])
def test_they_are_schemas_of_2020_12(schema: dict[str, Any]) -> None:
    assert jsonschema_rs.meta.is_valid(schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_the_examples_fit_the_schema_of_documents(path: Path) -> None:
    data, _ = parse(path.read_text(), type="yaml")
    errors = [str(error) for error in jsonschema_rs.validator_for(flow_schema()).iter_errors(data)]
    assert errors == []


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    validator = jsonschema_rs.validator_for(flow_schema())
    flow = {"flow": "a", "start": "b", "steps": {"b": {"type": "end"}}}
    assert validator.is_valid(flow)
    wrongs: list[dict[str, object]] = [{"flow": "A"}, {"steps": {}}, {"entry": {"per": "day"}}, {"start": 5}]
    for wrong in wrongs:
        assert not validator.is_valid(flow | wrong)


def test_the_files_of_the_protocol_are_current() -> None:
    """`python protocol/write_schemas.py` writes them."""
    texts = run_path(str(ROOT / "protocol" / "write_schemas.py"))["texts"]()
    for name, text in texts.items():
        assert (ROOT / "protocol" / "schema" / name).read_text() == text

from pathlib import Path
from runpy import run_path

import jsonschema_rs
import pytest

from rules.documents.schema import flow_schema, flow_test_schema, project_schema, view_schema
from rules.documents.syntax import parse
from tests.examples import FLOWS, PROJECT, TESTS

ROOT = Path(__file__).parents[3]
EXAMPLES = [*FLOWS, *TESTS]
SCHEMAS = {
    "flow": flow_schema(),
    "test": flow_test_schema(),
    "view": view_schema(),
    "project": project_schema(),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_they_are_schemas_of_2020_12(name: str) -> None:
    assert jsonschema_rs.meta.is_valid(SCHEMAS[name])


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_the_examples_fit_the_schema_of_documents(path: Path) -> None:
    data, _ = parse(path.read_text(), type="yaml")
    schema = SCHEMAS["test" if path.stem.endswith(".test") else "flow"]
    errors = [str(error) for error in jsonschema_rs.validator_for(schema).iter_errors(data)]
    assert errors == []


def test_the_project_of_the_examples_fits_its_schema() -> None:
    data, _ = parse(PROJECT.read_text(), type="yaml")
    errors = [str(error) for error in jsonschema_rs.validator_for(SCHEMAS["project"]).iter_errors(data)]
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

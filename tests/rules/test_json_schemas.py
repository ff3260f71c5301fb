from typing import Any

import msgspec
import pytest

from rules.json_schemas import schema_of, schemas_of

# As a compiler before 3.13 leaves it, and as later ones do.
DOCSTRINGS = ["Says what it is.\n\n    And more.\n    ", "Says what it is.\n\nAnd more.\n"]


@pytest.mark.parametrize("doc", DOCSTRINGS)
def test_descriptions_are_the_same_on_every_python(doc: str) -> None:
    inner: Any = msgspec.defstruct("Inner", [("description", str)], namespace={"__doc__": doc})
    outer: Any = msgspec.defstruct("Outer", [("inner", list[inner])], namespace={"__doc__": doc})
    whole = schema_of(outer)
    schemas, components = schemas_of([outer], ref_template="#/components/{name}")
    for described in (*whole["$defs"].values(), *components.values()):
        assert described["description"] == "Says what it is.\n\nAnd more."
    assert schemas == [{"$ref": "#/components/Outer"}]
    assert components["Inner"]["properties"]["description"] == {"type": "string"}

"""Writes `protocol/schema/` from the types of `rules/`; a test says when the files are out of date."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "protocol" / "schema"


def texts() -> dict[str, str]:
    """What each file must hold."""
    from rules.documents.schema import flow_schema, flow_test_schema, project_schema, view_schema

    schemas = {
        "flow.json": flow_schema(),
        "flow-test.json": flow_test_schema(),
        "project.json": project_schema(),
        "view.json": view_schema(),
    }
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for name, text in texts().items():
        (SCHEMAS / name).write_text(text)

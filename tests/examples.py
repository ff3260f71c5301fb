"""The example flows: every document in `examples/` that is neither a test nor the project."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[1] / "examples"
PROJECT: Final = FOLDER / "flowdeck.yaml"
TESTS: Final = sorted(FOLDER.glob("*.test.yaml"))
FLOWS: Final = sorted({*FOLDER.glob("*.yaml")} - {*TESTS, PROJECT})

"""Where the project of a file is: the `flowdeck.yaml` of its folder, or of the nearest one above."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PROJECT_FILE: Final = "flowdeck.yaml"


def project_file(file: Path) -> Path | None:
    """Not above the folder that holds a repository: what lies there is somebody else's."""
    for folder in file.resolve().parents:
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
        if (folder / ".git").exists():
            return None
    return None

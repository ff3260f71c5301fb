"""Writes the codes of problems as a page, so that the documentation cannot differ from the table.

`python -m rules.documents.problem_page > docs/problems.md` writes it; a test holds that it is current.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from .problems import ERRORS, WARNINGS

_PAGE = """# Problems of a document

What checking a flow can find, and what to do about it; made from `rules/documents/problems.py` by
`python -m rules.documents.problem_page > docs/problems.md`. Each problem has a JSON pointer, for YAML
a line and a column, and a sentence of its own.

## Errors

Those of the text, its schema and what is not supported yet refuse the document; the others may stand
in a draft, but not be published.

{errors}

## Warnings

{warnings}
"""


def page() -> str:
    """The whole of `docs/problems.md`."""
    return _PAGE.format(errors=_table(ERRORS), warnings=_table(WARNINGS))


def _table(codes: Mapping[str, str]) -> str:
    rows = "\n".join(f"| `{code}` | {advice} |" for code, advice in codes.items())
    return f"| code | what to do |\n| --- | --- |\n{rows}"


if __name__ == "__main__":
    sys.stdout.write(page())

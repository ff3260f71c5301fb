"""The names, layers and limits of the packages, and what no file of the repository may say."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("server", "actors", "rules")

# Paths that exist on one machine only, and hosts that hand out packages.
MACHINE_PATHS = re.compile(rf"(?<![\w.~$}}])/(?:{'root|home|work'})/[\w.]")
REGISTRY_HOSTS = re.compile(
    r"\b(?:files\.pythonhosted\.org|registry\.npmjs\.org|[\w.-]*(?:artifactory|nexus|devpi|pypi)[\w-]*\.[\w.-]+/simple)"
)


@pytest.mark.parametrize("package", PACKAGES)
def test_package_resolves_inside_this_repository(package: str) -> None:
    origin = importlib.import_module(package).__file__
    assert origin is not None
    assert Path(origin).resolve() == ROOT / package / "__init__.py"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_the_name(package: str) -> None:
    assert set(packages_distributions().get(package, ["flowdeck"])) == {"flowdeck"}


def test_layers_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_every_limit_is_used(package: str) -> None:
    used = {name for path in sources() for name in names_read(path)}
    unused = [name for name in limits_of(package) if name not in used]
    assert not unused, f"nothing reads these limits of {package}: {', '.join(unused)}"


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [f"{path}:{number}" for path, number, line in tracked_lines() if names_a_machine(line)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "guilty"),
    [
        ("open('/" + "home/ann/x')", True),
        ("cd /" + "root/project", True),
        ("https://files." + "pythonhosted.org/packages/x.whl", True),
        ("--index-url https://pypi." + "example.com/simple", True),
        ("GET /v1/home/feed", False),
        ("$HOME/.config", False),
        ("https://flowdeck.example/home/page", False),
    ],
)
def test_machine_names_are_recognised(line: str, guilty: bool) -> None:
    assert names_a_machine(line) is guilty


def names_a_machine(line: str) -> bool:
    return bool(MACHINE_PATHS.search(line) or REGISTRY_HOSTS.search(line))


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


def limits_of(package: str) -> list[str]:
    """The constants that a package's `limits.py` defines; none if it has no such module."""
    path = ROOT / package / "limits.py"
    if not path.exists():
        return []
    names = []
    for node in ast.parse(path.read_text()).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        names += [target.id for target in targets if isinstance(target, ast.Name) and target.id.isupper()]
    return names


def names_read(path: Path) -> Iterator[str]:
    """Names and attributes that a module reads, also as `limits.NAME`; an import alone is no use of it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.id if isinstance(node, ast.Name) else node.attr


def tracked_lines() -> Iterator[tuple[str, int, str]]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git working tree")
    for name in filter(None, listed.stdout.split("\0")):
        try:
            text = (ROOT / name).read_text()
        except (OSError, UnicodeDecodeError):  # deleted but not yet committed, a link to a folder; an image
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            yield name, number, line

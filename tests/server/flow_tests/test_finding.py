"""Which tests there are, and which flows they speak of."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.flow_tests.finding import NoSuchPath, find_tests
from tests.server.flow_tests.conftest import FLOW


def test_tests_are_found_under_folders_by_name_and_beside_flows(folder: Path) -> None:
    deeper = folder / "deep" / "er"
    deeper.mkdir(parents=True)
    (deeper / "a.test.json").write_text("{}")
    (deeper / "a.yaml").write_text(FLOW)
    parcel, other = folder / "parcel.test.yaml", deeper / "a.test.json"
    assert find_tests([folder]) == [other, parcel]
    assert find_tests([parcel, folder]) == [parcel, other]
    assert find_tests([folder / "parcel.yaml"]) == [parcel]
    assert find_tests([deeper / "a.yaml"]) == [other]


def test_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoSuchPath, match=r"nowhere\.yaml does not exist"):
        find_tests([tmp_path / "nowhere.yaml"])

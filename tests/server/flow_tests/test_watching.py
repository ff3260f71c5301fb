"""What a changed file concerns is run again, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from server.flow_tests.running import Setting, run_file
from server.flow_tests.watching import Watch
from tests.server.flow_tests.conftest import FLOW, GOOD


def touch(file: Path, text: str) -> None:
    """Write it as somebody does who comes a second later."""
    file.write_text(text)
    stamp = file.stat().st_mtime_ns + 1_000_000_000
    os.utime(file, ns=(stamp, stamp))


def watching(folder: Path) -> Watch:
    (folder / "other.yaml").write_text(FLOW.replace("flow: parcel", "flow: other"))
    (folder / "other.test.yaml").write_text(GOOD.replace("flow: parcel", "flow: other"))
    watch = Watch([folder])
    names = ("parcel", "other")
    watch.ran([run_file(folder / f"{name}.test.yaml", Setting()) for name in names])
    return watch


def test_nothing_is_run_when_nothing_changes(folder: Path) -> None:
    assert watching(folder).changed() == []


def test_changed_flow_concerns_its_test_once(folder: Path) -> None:
    watch = watching(folder)
    touch(folder / "parcel.yaml", FLOW.replace("P1D", "P2D"))
    assert watch.changed() == [folder / "parcel.test.yaml"]
    assert watch.changed() == []


def test_changed_test_concerns_itself_and_a_new_one_is_run(folder: Path) -> None:
    watch = watching(folder)
    touch(folder / "other.test.yaml", GOOD)
    (folder / "third.test.yaml").write_text(GOOD)
    assert watch.changed() == [folder / "other.test.yaml", folder / "third.test.yaml"]


def test_flow_that_comes_later_concerns_who_missed_it(folder: Path) -> None:
    (folder / "late.test.yaml").write_text(GOOD.replace("flow: parcel", "flow: late"))
    watch = watching(folder)
    watch.ran([run_file(folder / "late.test.yaml", Setting())])
    touch(folder / "late.yaml", FLOW.replace("flow: parcel", "flow: late"))
    os.utime(folder, ns=(folder.stat().st_mtime_ns + 1_000_000_000,) * 2)
    assert watch.changed() == [folder / "late.test.yaml"]


def test_file_that_goes_and_comes_back_is_looked_at_again(folder: Path) -> None:
    watch = watching(folder)
    (folder / "parcel.yaml").unlink()
    assert watch.changed() == [folder / "parcel.test.yaml"]
    touch(folder / "parcel.yaml", FLOW)
    assert watch.changed() == [folder / "parcel.test.yaml"]


def test_path_that_is_gone_for_a_moment_ends_nothing(folder: Path) -> None:
    watch = Watch([folder / "gone.test.yaml"])
    assert watch.changed() == []


def test_change_while_tests_run_is_seen(folder: Path) -> None:
    result = run_file(folder / "parcel.test.yaml", Setting())
    touch(folder / "parcel.yaml", FLOW)
    watch = Watch([folder])
    watch.ran([result])
    assert watch.changed() == [folder / "parcel.test.yaml"]

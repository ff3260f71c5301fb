from pathlib import Path
from xml.etree import ElementTree

from server.flow_tests.junit import write_junit
from server.flow_tests.running import Setting, run_file
from tests.server.flow_tests.conftest import BAD


def test_suites_are_files_and_failures_hold_what_led_up_to_them(folder: Path) -> None:
    (folder / "bad.test.yaml").write_text(BAD.replace("n: 1}", 'n: 1, a: "\\a"}'))
    (folder / "broken.test.yaml").write_text("flow: [")
    names = ("parcel", "bad", "broken")
    results = [run_file(folder / f"{name}.test.yaml", Setting()) for name in names]
    write_junit(results, folder / "junit.xml")
    suites = ElementTree.parse(folder / "junit.xml").getroot().findall("testsuite")
    counts = [(each.get("tests"), each.get("failures"), each.get("errors")) for each in suites]
    assert counts == [("2", "0", "0"), ("2", "1", "0"), ("0", "0", "1")]
    failure = suites[1].find("testcase/failure")
    assert failure is not None
    assert failure.get("message", "").startswith("No instance is like that.")
    assert "event shipped of c1" in (failure.text or "")
    assert suites[2].find("testcase/error") is not None


def test_characters_that_xml_cannot_hold_are_replaced(folder: Path) -> None:
    (folder / "parcel.test.yaml").write_text(BAD.replace("n: 2", 'n: "\\u0007\\uFFFE"'))
    write_junit([run_file(folder / "parcel.test.yaml", Setting())], folder / "junit.xml")
    assert ElementTree.parse(folder / "junit.xml").getroot() is not None

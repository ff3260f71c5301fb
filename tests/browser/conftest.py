"""A demo server in a process of its own, and a browser: any complaint of the browser fails the test."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

START_S = 60
STOP_S = 30
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Theme = Literal["light", "dark"]


@pytest.fixture(scope="session")
def demo_url(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `flowdeck demo`, as it is started by hand."""
    command = [str(Path(sys.executable).with_name("flowdeck")), "demo", "--port", "0"]
    folder = tmp_path_factory.mktemp("demo")
    with (folder / "stderr").open("w+") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=folder)
        try:
            yield _address(process, folder / "stderr")
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(STOP_S)
            assert process.stdout is not None
            process.stdout.close()
        assert code == 0, (folder / "stderr").read_text()


def _address(process: subprocess.Popen[str], stderr: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        label, _, rest = line.strip().partition(" ")
        if label == "page":
            return rest.strip()
    raise AssertionError(f"the demo did not start: {stderr.read_text()}")


@pytest.fixture(
    scope="module"
)  # the driver keeps an event loop running, which other modules' tests need free
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        yield browser
        browser.close()


@dataclass
class Complaints:
    """What the browser said that nobody should have to read: errors, violations of the policy."""

    texts: list[str] = field(default_factory=list)

    def take(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.texts.append(message.text)

    def take_error(self, error: Error) -> None:
        self.texts.append(str(error))


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, demo_url: str) -> Iterator[OpenPage]:
    """`open_page("dark", viewport=NARROW)`: the demo page, with its phone connected."""
    complaints = Complaints()
    pages: list[Page] = []

    def opened(theme: Theme = "light", viewport: dict[str, int] = WIDE, motion: str = "reduce") -> Page:
        context = browser.new_context(
            viewport=viewport,  # type: ignore[arg-type]  # a plain dictionary of the same keys
            color_scheme=theme,
            reduced_motion=motion,  # type: ignore[arg-type]  # one of the two words
        )
        page = context.new_page()
        page.on("console", complaints.take)
        page.on("pageerror", complaints.take_error)
        page.goto(demo_url)
        page.locator(".pill-live").first.wait_for()
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.context.close()
    assert complaints.texts == []

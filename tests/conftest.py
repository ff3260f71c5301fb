"""What all tests share: Hypothesis profiles and the browser.

Fixtures that one package needs live beside its tests.
"""

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

# `dev` is quick, for work at the desk. `ci` gives every push the same examples: a failure there is never
# luck, and can be had at the desk with HYPOTHESIS_PROFILE=ci. `long` is for a search by hand.
shared = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
settings.register_profile("dev", shared, max_examples=50)
settings.register_profile("ci", shared, max_examples=200, derandomize=True, print_blob=True)
settings.register_profile("long", shared, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser_path() -> str | None:
    candidates = (os.environ.get("CHROMIUM", ""), *BROWSERS)
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium. Without one the test is skipped, or fails where one is required (CI)."""
    path = browser_path()
    if path is None:
        reason = "no Chromium on PATH (Debian: apt-get install chromium)"
        if os.environ.get("FLOWDECK_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path

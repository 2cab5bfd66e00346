"""A browser for these tests: Debian's Chromium, or the one that `PBT_TEST_CHROMIUM` names.

Without one the tests that need it are skipped; with `CI=true` they fail.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.web.chromium import Chromium
from tests.web.served import Served

SERVICE = Path(__file__).parents[1] / "services/chromium"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    done = subprocess.run([SERVICE], capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        why = f"no browser, so no page was opened: {done.stderr.strip()}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(why)
        pytest.skip(why)
    browser = Chromium(done.stdout.strip(), tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts servers, and ends them after the test."""
    servers: list[Served] = []

    def start(*argv: str, cwd: Path | None = None) -> Served:
        servers.append(Served(*argv, cwd=cwd))
        return servers[-1]

    yield start
    for server in servers:
        server.close()

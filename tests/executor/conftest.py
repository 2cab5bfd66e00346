"""Fixtures of this folder: a place to run `pbt-run` in, and a driver of one runtime."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor import running
from tests.executor.driver import ProcessDriver


@pytest.fixture
def place(tmp_path: Path) -> Iterator[running.Place]:
    yield from running.cleaned(tmp_path)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[ProcessDriver]:
    one = ProcessDriver(tmp_path)
    yield one
    for job, attempt in list(one.runtime._attempts):
        one.runtime.stop(job, attempt, kill=True)
    one.wait(lambda: not one.runtime._attempts)
    one.runtime.close()

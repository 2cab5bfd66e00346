"""The place in which the tests of this folder run `pbt-run`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor import running


@pytest.fixture
def place(tmp_path: Path) -> Iterator[running.Place]:
    yield from running.cleaned(tmp_path)

"""The place in which the tests of this folder run `pbt-run`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import running


@pytest.fixture
def place(tmp_path: Path) -> Iterator[running.Place]:
    yield from running.cleaned(tmp_path)

"""`pbt-compile` in this process, in a folder with one run module."""

from pathlib import Path

import pytest

from pbt_tui.cli import compile as command
from tests.cli.compiling import Pbt, Said, module


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    module(tmp_path)
    return tmp_path


@pytest.fixture
def pbt(capsys: pytest.CaptureFixture[str]) -> Pbt:
    def call(*argv: str) -> Said:
        code = command.main(argv)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return call

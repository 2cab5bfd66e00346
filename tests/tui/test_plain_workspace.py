"""A plain workspace: the text page and the JSON say the same, and nothing that is not so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pbt_tui.cli.tui import main
from tests.observe.conftest import Recorded
from tests.observe.test_member_folders import write


def shown(path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> tuple[str, list[str]]:
    """The text page, and the messages of the JSON."""
    assert main(["--once", str(path)]) == 0
    text = " ".join(capfdbinary.readouterr().out.decode().split())
    assert main(["--once", "--json", str(path)]) == 0
    (population,) = json.loads(capfdbinary.readouterr().out)["populations"]
    return text, [alarm["message"] for alarm in population["alarms"]]


def test_both_pages_take_one_path(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    recorded = Recorded("isaacgymenvs", tmp_path / "ige")
    text, messages = shown(recorded.all(), capfdbinary)
    assert "copied member" in text
    assert "before the first exchange" not in text
    assert not [m for m in messages if "before the first exchange" in m]
    for message in messages[:4]:
        assert message[:40] in text


def test_two_members_of_isaacgymenvs_never_exchange(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    root = tmp_path / "runs" / "ws"
    for member in (0, 1):
        for number in (1, 2, 3):
            path = write(root, member, number)
            path.write_text(path.read_text().replace("agent.lr", "task.lr"))
    text, messages = shown(root, capfdbinary)
    wanted = "needs 3 members with a generation, 2 have one"
    assert wanted in messages
    assert wanted in text

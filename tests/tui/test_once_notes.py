"""The column NOTE of `--once` has what the live screen has: what a running job logged last."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.cli.tui import main
from pbt_tui.journal import RunDir
from pbt_tui.observe.progress import Progresses, encode
from pbt_tui.observe.progress.log_watcher import LogWatcher
from pbt_tui.tui.labels import progress_text
from tests.observe.test_member_folders import write
from tests.observe.test_observe_progress import KNOWN, RL_GAMES
from tests.tui.journals import START, Story, spec

SF = "[x] Fps is (10 sec: 819.2, 60 sec: 800.1). Total num frames: 8192. Throughput: 0: 1.0.\n"
SAID = {
    "sample_factory": SF + "[x] Avg episode reward: [(0, '21.9'), (1, '3')]\n",
    "rl_games": RL_GAMES,
}
SHOWN = {"sample_factory": "21.9", "rl_games": "1.21M"}


def _running(path: Path, style: str) -> str:
    story = Story(path, spec(2)).opened().executor()
    name = story.plan.jobs[0].id
    story.start(name)
    story.log(name, SAID[style].encode())
    known = {name: LogWatcher(KNOWN).of(story.rundir.log(name, 1))}
    story.rundir.progress.write_bytes(encode(Progresses(START, known)))
    story.flush()
    return name


def _row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if name in line and "running" in line)


@pytest.mark.parametrize("style", list(SAID))
def test_a_running_job_has_a_note(
    style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r/_pbt"
    name = _running(path, style)
    main([str(path), "--once"])
    once = _row(capsys.readouterr().out, name)
    live = progress_text(LogWatcher(KNOWN).of(RunDir(path).log(name, 1)))
    assert SHOWN[style] in live
    assert SHOWN[style] in once


def test_all_populations_of_a_run_are_on_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train_dir/r/_pbt"
    story = Story(path, spec(6, population=3)).opened().executor()
    story.flush()
    for k in range(2):
        for member in range(3):
            write(tmp_path / f"train_dir/ant_pbt/ant_pbt_/pbt_{k}", member, 1 + k)
    main([str(path), "--once"])
    said = capsys.readouterr().out
    assert [name for name in ("ant_pbt_0", "ant_pbt_1", "ant_pbt_2") if name in said] == [
        "ant_pbt_0", "ant_pbt_1",
    ]  # fmt: skip
    assert said.count("MEMBER") == 2 or said.count("member") >= 2

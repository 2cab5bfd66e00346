"""What a stressed run trusts: the record that its jobs leave, and how a folder comes back."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

from tests.stress import folders, jobs
from tests.stress.jobs import Record


def test_a_job_whose_log_was_removed_says_who_it_is(tmp_path: Path) -> None:
    """The folder of its log comes back while it starts, and replaces the one that it writes to."""
    (tmp_path / "live").mkdir()
    plan = jobs.plan(random.Random(1))
    log = tmp_path / "j00.1.log"
    with log.open("wb") as file:
        log.unlink()
        done = subprocess.run(plan.jobs[0].argv, stdout=file, cwd=tmp_path, check=False)
    assert done.returncode == plan.codes["j00"]
    record = Record.read(tmp_path / "record")
    assert record.starts == {"j00.1": 1}
    assert record.ends == {"j00.1": done.returncode}
    assert record.unread == []


def test_a_line_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "record").write_text("start a.1\nend a.1 (deleted) 0\n")
    assert Record.read(tmp_path / "record").unread == ["end a.1 (deleted) 0"]


def test_what_is_written_while_a_folder_comes_back_is_kept(tmp_path: Path) -> None:
    folder, away = tmp_path / "logs", tmp_path / "away"
    folder.mkdir()
    away.mkdir()
    (away / "both").write_text("older ")
    (folder / "both").write_text("newer")
    fd = os.open(folder / "one", os.O_WRONLY | os.O_CREAT)
    os.write(fd, b"first ")
    assert sorted(folders.merge(folder, away)) == [("both", b"newer"), ("one", b"first ")]
    os.write(fd, b"last")
    os.close(fd)
    assert not folder.exists()
    assert (away / "both").read_text() == "older newer"
    assert (away / "one").read_text() == "first last"

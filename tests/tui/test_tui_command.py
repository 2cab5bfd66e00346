"""`pbt-tui` without a terminal: text, data, targets and exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pbt_tui.cli.tui import main
from pbt_tui.errors import Findings, JournalDamaged, UnknownVersion, UsageError
from pbt_tui.journal import lock
from pbt_tui.observe.snapshot_types import Snapshot
from pbt_tui.spec import Job, Policy, Processes, encode
from pbt_tui.tui import start_executor, targets
from tests.executor.running import until
from tests.tui.journals import Story, large, spec, typical

STORED = Path(__file__).parent / "screens"


@pytest.fixture
def run(here: Path) -> Story:
    return typical(Path("train_dir/ant_pbt/_pbt"))


@pytest.mark.parametrize("name", ["live", "closed", "not-started"])
def test_the_page_as_text(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("train_dir/ant_pbt/_pbt")
    if name == "not-started":
        story = Story(path, spec(3)).opened().flush()
    else:
        story = typical(path, closed=name == "closed")
    code = main([str(story.rundir.path), "--once"])
    said = capsys.readouterr().out
    stored = STORED / f"once-{name}.txt"
    if os.environ.get("UPDATE_SCREENS"):
        stored.write_text(said, encoding="utf-8")
    assert said == stored.read_text(encoding="utf-8")
    assert code == (4 if name == "closed" else 0)
    assert max(map(len, said.splitlines())) <= 80


def test_data(run: Story, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([str(run.rundir.path), "--once", "--json"]) == 0
    snapshot = msgspec.json.decode(capsysbinary.readouterr().out, type=Snapshot)
    assert snapshot.state == "no_executor"
    assert snapshot.counts.running == 8
    assert [f.count for f in snapshot.failures] == [3, 1]
    assert all(Path(job.log).is_absolute() for job in snapshot.jobs if job.log)


def test_exit_code_of_a_closed_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = Story(Path("_pbt"), spec(1)).opened().executor().start("00_ant_pbt")
    from pbt_tui.journal import events as ev

    story.end("00_ant_pbt").write(ev.RunClosed, verdict="succeeded").flush()
    assert main(["_pbt", "--once"]) == 0
    assert "✓ closed: succeeded" in capsys.readouterr().out


def test_without_a_terminal_it_is_text_and_a_hint(
    run: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(run.rundir.path)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("ant_pbt  ○ no executor\n")
    assert said.err.startswith("hint: on a terminal, `pbt-tui`")
    assert "\x1b" not in said.out


def test_ascii(run: Story, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(run.rundir.path), "--once", "--ascii"])
    assert capsys.readouterr().out.isascii()


def test_the_locale_of_a_bare_container(run: Story) -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-m", "pbt_tui.cli.tui", str(run.rundir.path), "--once"],
        env=env, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_text_and_data_load_no_textual(run: Story) -> None:
    for more in (["--once"], ["--once", "--json"], ["--help"]):
        code = (
            "import sys; from pbt_tui.cli.tui import main\n"
            f"try: main({[*more, str(run.rundir.path)]!r})\n"
            "except SystemExit: pass\n"
            "assert not any(m.startswith(('textual', 'rich', 'docker')) for m in sys.modules)\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_the_newest_run_is_found(run: Story, capsys: pytest.CaptureFixture[str]) -> None:
    other = typical(Path("train_dir/other/_pbt_night"), closed=True)
    aside = typical(Path("train_dir/third/_pbt.1"))
    os.utime(run.rundir.journal, (1000, 1000))
    os.utime(other.rundir.journal, (2000, 2000))
    os.utime(aside.rundir.journal, (3000, 3000))
    assert targets.resolve(None) == other.rundir.path
    assert targets.resolve("train_dir/ant_pbt") == run.rundir.path
    os.utime(run.rundir.journal, (4000, 4000))
    assert targets.resolve(None) == run.rundir.path
    assert targets.others("train_dir/ant_pbt") is targets.others("train_dir") is None
    told = "the newest of 2 runs below `train_dir`; `pbt-tui train_dir` lists them"
    assert main(["--once"]) == 0
    assert capsys.readouterr().err == f"note: {told}\n"


@pytest.mark.parametrize(
    ("argv", "error", "words"),
    [
        ([], UsageError, "no run below `./train_dir`"),
        (["nothing/here"], UsageError, "no such target"),
        (["empty"], UsageError, "neither a run directory, nor a spec"),
        (["empty", "--json"], UsageError, "`--json` needs `--once`"),
        (["--interval", "0", "x"], UsageError, "expected seconds"),
        (["--theme"], UsageError, "expected one argument"),
        (["--what"], UsageError, "unknown argument"),
        (["--run", "a.b", "c"], UsageError, "name two targets"),
        (["a.b", "--read_only"], UsageError, "would have to be started"),
    ],
)
def test_bad_usage(argv: list[str], error: type[UsageError], words: str, here: Path) -> None:
    Path("empty").mkdir()
    with pytest.raises(error, match=re.escape(words)) as caught:
        main(argv)
    assert caught.value.exit_code == 2


def test_options_of_an_executor_make_no_sense_for_a_run_directory(run: Story) -> None:
    with pytest.raises(UsageError, match="has no effect on a run directory"):
        main([str(run.rundir.path), "--num_gpus", "2", "--once"])


def test_a_damaged_journal_is_named(run: Story) -> None:
    with run.rundir.journal.open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(JournalDamaged, match=r"journal.jsonl`:\d+"):
        main([str(run.rundir.path), "--once"])


def test_a_damaged_spec_is_named(run: Story) -> None:
    run.rundir.spec.write_bytes(b"{}")
    with pytest.raises(UnknownVersion, match=r"spec\.json"):
        main([str(run.rundir.path), "--once"])


def test_names_and_details_from_outside_never_reach_the_terminal_raw(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(Path("_pbt"), spec(2, run="ant\x1b[2J")).opened().executor(host="no\x07de")
    name = story.plan.jobs[0].id.replace("\x1b[2J", "")
    plan = story.plan
    jobs = tuple(msgspec.structs.replace(j, id=f"job{i}") for i, j in enumerate(plan.jobs))
    story.rundir.spec.write_bytes(encode(msgspec.structs.replace(plan, jobs=jobs)))
    story.start("job0", 0).fail("job0", cause="traceback", detail="Boom\x1b]0;owned\x07")
    story.flush()
    main(["_pbt", "--once"])
    said = capsys.readouterr().out
    assert name
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "Boom\\x1b]0;owned\\x07" in said


def test_a_plain_workspace(here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for member in range(2):
        folder = Path("runs/pbt") / f"{member:03d}"
        folder.mkdir(parents=True)
        (folder / "000001.yaml").write_text(
            f"iteration: 1\nframe: 1000\ntrue_objective: {3.5 + member}\nparams:\n  lr: 0.1\n"
            f"checkpoint: x.pth\npbt_checkpoint: x.pth\nexperiment: e{member}\n"
        )
    found = targets.resolve("runs")
    assert isinstance(found, targets.Workspace)
    assert main(["runs", "--once"]) == 0
    assert b"pbt  isaacgymenvs" in capsysbinary.readouterr().out
    assert main(["runs", "--once", "--json"]) == 0
    data = json.loads(capsysbinary.readouterr().out)
    assert data["populations"][0]["style"] == "isaacgymenvs"


# -- what has to be started ------------------------------------------------------------------------


def sleepers(path: Path, seconds: float = 30, count: int = 2) -> Path:
    jobs = tuple(
        Job(
            id=f"sleeper{i}", experiment="sleep", name=f"sleeper{i}",
            argv=("sleep", str(seconds)), env={}, dir="sleep/_", params={},
        )
        for i in range(count)
    )  # fmt: skip
    path.mkdir()
    plan = Processes(
        format="pbt-processes/1", run="sleep", module="", train_dir="./train_dir",
        policy=Policy(pause_between=0), container=None, populations=(), jobs=jobs,
    )  # fmt: skip
    (path / "processes.json").write_bytes(encode(plan))
    return path


def test_a_spec_is_started_by_pbt_run_and_then_shown(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the real executor: it is detached, shown, and ended by a request."""
    from pbt_tui.journal.requests import ask
    from pbt_tui.journal.run_dir import RunDir

    path = sleepers(here / "specs")
    assert main([str(path), "--once", "--max_parallel", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("sleep  ● live\n")
    rundir = RunDir(here / "train_dir/sleep/_pbt")
    assert lock.holder(rundir.lock) not in (None, os.getpid())
    main([str(path), "--once"])  # it is there already: shown, not refused
    assert "● live" in capsys.readouterr().out
    ask(rundir, "kill")
    until(lambda: lock.holder(rundir.lock) is None)
    assert main([str(rundir.path), "--once"]) == 4
    assert "closed: cancelled" in capsys.readouterr().out
    assert main([str(path), "--once"]) == 4, "closed: shown, with what pbt-run would return"


def test_what_pbt_run_refuses_keeps_its_words_and_code(here: Path) -> None:
    path = sleepers(here / "specs")
    with pytest.raises(Findings) as caught:
        main([str(path), "--once", "--max_parallel", "0"])
    assert caught.value.exit_code == 2
    (path / "processes.json").write_text("{}")
    with pytest.raises(Findings) as caught:
        main([str(path), "--once"])
    assert caught.value.exit_code == 3
    assert "processes.json" in str(caught.value)
    assert not (here / "train_dir").exists()


def test_options_are_passed_on_as_they_were_given(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, list[str]]] = []

    def executor(target: str, more: list[str]) -> start_executor.StartedExecutor:
        seen.append((target, more))
        return start_executor.StartedExecutor(5, "", "error: x")

    monkeypatch.setattr(start_executor, "executor", executor)
    with pytest.raises(Findings):
        main(
            ["--run", "runs.ant", "--max-parallel", "8", "--gpus", "0,1", "--fail_fast", "--fresh"]
        )
    assert seen == [("runs.ant", ["--fresh", "--gpus=0,1", "--max_parallel=8", "--fail_fast"])]


def test_many_jobs_make_a_short_page(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = large(Path("_pbt"), 2000)
    main([str(story.rundir.path), "--once"])
    said = capsys.readouterr().out
    assert said.count("\n") < 90
    assert "… 1960 more" in said


def test_a_copied_directory(run: Story, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(run.rundir.path, "copy")
    assert main(["copy", "--once"]) == 0

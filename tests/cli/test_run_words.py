"""Arguments that `pbt-run` accepts and refuses; no test here starts an executor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.cli import error_boundary, run, target
from pbt_tui.errors import UsageError
from pbt_tui.spec import encode
from tests.cli.made_up import run_directory, spec

GOOD = """from pbt_tui import Experiment, RunDescription
RUN_DESCRIPTION = RunDescription('r', [Experiment('a', 'true', [{}])])
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (tmp_path / "good.py").write_text(GOOD)
    return tmp_path


Pbt = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pbt(capsys: pytest.CaptureFixture[str]) -> Pbt:
    def call(*argv: str) -> tuple[int, str, str]:
        code = error_boundary.outcome(run.main, list(argv))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert "this is a bug" not in err
        return code, out, err

    return call


# -- TARGET ----------------------------------------------------------------------------------------


def test_kinds_of_targets(here: Path) -> None:
    one = run_directory(here / "train_dir" / "r" / "_pbt").path
    (here / "specs" / "x").mkdir(parents=True)
    (here / "specs" / "x" / "processes.json").touch()
    (here / "pkg").mkdir()
    (here / "pkg" / "__init__.py").touch()
    run_directory(here / "train_dir" / "r" / "_pbt.1")
    kinds = {
        "good.py": ("module", "good.py"),
        "good": ("module", "good"),
        "a.b.c": ("module", "a.b.c"),
        "pkg": ("module", "pkg"),
        "specs/x": ("spec", "specs/x/processes.json"),
        "specs/x/processes.json": ("spec", "specs/x/processes.json"),
        "specs": ("spec", "specs/x/processes.json"),
        "train_dir/r": ("run", "train_dir/r/_pbt"),
        "train_dir/r/_pbt": ("run", "train_dir/r/_pbt"),
        "train_dir/r/_pbt.1": ("run", "train_dir/r/_pbt.1"),
        "train_dir/r/_pbt/spec.json": ("run", "train_dir/r/_pbt"),
        "train_dir/r/_pbt/journal.jsonl": ("run", "train_dir/r/_pbt"),
        str(one): ("run", str(one)),
    }
    for text, (kind, path) in kinds.items():
        found = target.resolve(text)
        assert (found.kind, str(found.path)) == (kind, path), text


def test_targets_that_say_nothing_or_too_much(here: Path) -> None:
    for name in ("_pbt", "_pbt_x"):
        run_directory(here / "train_dir" / "r" / name)
    for i in range(7):
        (here / "specs" / f"s{i}").mkdir(parents=True)
        (here / "specs" / f"s{i}" / "processes.json").touch()
    (here / "empty").mkdir()
    for text, what, hint in (
        ("train_dir/r", "holds several runs: `train_dir/r/_pbt`, `train_dir/r/_pbt_x`", "name one"),
        ("specs", "and 2 more", "name one"),
        ("empty", "neither a spec nor a run directory: `empty`", "journal.jsonl"),
        ("train_dir", "neither a spec nor", "`train_dir/r/_pbt`, `train_dir/r/_pbt_x`"),
        ("no/such", "no such file or directory: `no/such`", ""),
        ("no.json", "no such file or directory", ""),
        ("e\x1b[2J/x", "`e\\x1b[2J/x`", ""),
    ):
        with pytest.raises(UsageError) as caught:
            target.resolve(text)
        assert what in caught.value.what
        assert hint in (caught.value.hint or "")


# -- refused words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        ("", 2, "no target was given"),
        ("good.py --run other", 2, "two targets were given: `good.py` and `--run other`"),
        ("nope", 1, "no module `nope` here"),
        ("nope.py", 2, "no such file or directory: `nope.py`"),
        ("good.py --backend ngc", 3, "backend `ngc`: `--ngc_org`"),
        ("good.py --backend else", 2, "there is no backend `else`"),
        ("good.py --json --dry_run", 2, "do not go together"),
        ("good.py --json --detach", 2, "do not go together"),
        ("good.py --cancel", 2, "`--cancel` needs a run directory, not a module"),
        ("good.py --hold", 2, "`--hold` needs a run directory, not a module"),
        ("good.py --failed", 2, "`--failed` needs an earlier run, and there is none"),
        ("good.py --max-parallel 0", 2, "`--max_parallel`: expected an integer from 1, got `0`"),
        ("good.py --timeout soon", 2, "`--timeout`: expected a duration"),
        ("good.py --retry_on bogus", 2, "`--retry_on`: expected causes"),
        ("good.py --grase 3", 2, "unknown argument: `--grase`"),
        ("here --hold --stop", 2, "not allowed with"),
        ("here --failed --fresh", 2, "`--failed` and `--fresh` do not go together"),
        ("here --retry --fresh", 2, "`--retry` and `--fresh` do not go together"),
        ("here --cancel --failed", 2, "`--cancel` and `--failed` do not go together"),
        ("here --train_dir x", 2, "`--train_dir` is for run modules: a run directory is"),
        ("here --experiment_suffix x", 2, "is for run modules"),
        ("here --retry nobody", 2, "no such job: `nobody`"),
        ("here --kill nobody", 2, "no such job: `nobody`"),
        ("here --hold", 5, "this run has no executor: cannot hold"),
        ("here --cancel a", 5, "this run has no executor: cannot cancel"),
        ("specs --seed 3", 2, "`--seed` is for run modules: a spec is already compiled"),
        ("specs --retry", 2, "`--retry` needs a run directory, not a spec"),
        ("bad.json", 3, "`bad.json`"),
        ("module.py", 1, "`module.py`:1"),
    ],
)
def test_one_clear_message_and_its_code(
    here: Path, pbt: Pbt, argv: str, code: int, words: str
) -> None:
    run_directory(here / "here")
    before = sorted(str(p) for p in here.rglob("*"))
    (here / "specs").mkdir()
    (here / "specs" / "processes.json").write_bytes(encode(spec("a")))
    (here / "bad.json").write_text("{")
    (here / "module.py").write_text("import nothing_like_it\n")
    got, out, err = pbt(*argv.split())
    assert (got, out) == (code, ""), err
    assert err.startswith("error")
    assert words in err
    after = {str(p) for p in here.rglob("*") if "__pycache__" not in str(p)}
    added = {"specs", "specs/processes.json", "bad.json", "module.py"}
    assert after == {*before, *(str(here / name) for name in added)}, "nothing is left behind"


def test_help_and_version(pbt: Pbt) -> None:
    code, out, _ = pbt("--help")
    assert code == 0
    for option in ("--detach", "--failed", "--fresh", "--dry_run", "--json", "--hold", "--timeout"):
        assert option in out
    code, out, _ = pbt("--version")
    assert (code, out.split()[0]) == (0, "pbt-run")


def test_our_own_bug_is_no_traceback(
    pbt: Pbt, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(argv: Any) -> Any:
        raise KeyError("x")

    assert error_boundary.outcome(fails, []) == 70
    err = capsys.readouterr().err
    assert err.startswith("error: this is a bug: KeyError\nhint: ")
    Path(err.split("`")[1]).unlink()

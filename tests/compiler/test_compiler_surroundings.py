"""What a run module asks of clock, host, user and git, and what a second load makes of it."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pbt_tui.cli import run as command
from pbt_tui.compiler.project import revision
from pbt_tui.compiler.surroundings import SHIFT, other
from pbt_tui.errors import Findings
from tests.compiler.loading import WORDS, Write, read


def test_a_moved_clock_differs_in_every_part() -> None:
    for day in range(0, 4 * 366, 7):
        for second in (0, 45296, 86399):
            now = time.mktime((2024, 1, 1, 0, 0, 0, 0, 1, 0)) + day * 86400 + second
            one, two = (datetime.fromtimestamp(t, UTC) for t in (now, now + SHIFT))
            for part in ("%Y", "%m", "%d", "%H", "%M", "%S", "%a", "%j"):
                assert one.strftime(part) != two.strftime(part), (one, part)


def test_another_name_has_the_same_shape() -> None:
    assert other("node-017.Example") == "opef-128.Fybnqmf"


SOURCES = [
    ("time.strftime('%Y')", "clock"),
    ("time.time_ns() // 10**9", "clock"),
    ("time.localtime().tm_hour", "clock"),
    ("datetime.now().minute", "clock"),
    ("datetime.utcnow().isoformat()", "clock"),
    ("date.today().year", "clock"),
    ("subprocess.check_output('date +%s', shell=True, text=True).strip()", "clock"),
    ("os.getpid()", "pid"),
    ("uuid.uuid4()", "entropy"),
    ("uuid.uuid1().hex", "entropy"),
    ("secrets.token_hex(3)", "entropy"),
    ("os.urandom(4).hex()", "entropy"),
    ("random.random()", "random"),
    ("seeds(1)[0]", "random"),
    ("tempfile.mkdtemp()", "tempfile"),
    ("'+'.join(set('abcdefgh'))", "order"),
    ("id(object())", "address"),
    ("f'{int(time.time())}_{os.getpid()}'", "clock"),
    ("socket.gethostname()", "host"),
    ("socket.getfqdn()", "host"),
    ("platform.node()", "host"),
    ("os.uname().nodename", "host"),
    ("subprocess.run(['uname', '-n'], capture_output=True).stdout", "host"),
    ("getpass.getuser()", "user"),
    ("os.environ.get('USER', 'me')", "user"),
    ("os.getenv('LOGNAME')", "user"),
    ("os.getuid()", "user"),
    ("pwd.getpwuid(os.getuid()).pw_name", "user"),
    ("Path.home() / 'data'", "home"),
    ("os.path.expanduser('~/data')", "home"),
    ("str(Path(__file__).resolve().parent / 'conf')", "checkout"),
    ("os.getcwd() + '/conf'", "checkout"),
    ("os.environ['PATH'] and 3", None),
    ("repr(datetime(2024, 2, 29))", None),
    ("pickle.dumps(date(2024, 2, 29)).hex()", None),
    ("isinstance(datetime.now(), date)", None),
]
IMPORTS = (
    "import os, pickle, platform, pwd, random, secrets, socket, subprocess, tempfile, time, uuid\n"
    "import getpass\nfrom datetime import date, datetime\nfrom pathlib import Path\n"
)


EARLY = "import platform, random, secrets, socket, tempfile, uuid\nplatform.node()\n"


@pytest.mark.parametrize("site", ["", EARLY])
def test_each_source_is_found_and_named(
    here: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: str
) -> None:
    """Also if the site, as tools for coverage do, has used the modules before."""
    here("site/sitecustomize.py", site)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv("HOME", "/home/ada")
    rows = ", ".join(f"'v{k}': {text}" for k, (text, _) in enumerate(SOURCES))
    here("ant.py", f"{WORDS}{IMPORTS}RUN_DESCRIPTION = RunDescription('r', "
         f"[Experiment('e', 'c', [{{{rows}}}])])\n")  # fmt: skip
    found = {v.what: v.source for v in read("ant.py").variations}
    wanted: dict[str, str | None] = {
        f"v{k}": source for k, (_, source) in enumerate(SOURCES) if source
    }
    wanted["v18"] = found["v18"]  # what no load can pin is told by elimination
    assert found == wanted


@pytest.mark.parametrize("text", ["id(object())", "f'{id(RunDescription)}'"])
def test_a_number_of_an_object_is_told_by_elimination(here: Write, text: str) -> None:
    here("ant.py", f"{WORDS}RUN_DESCRIPTION = RunDescription('r', "
         f"[Experiment('e', 'c', [{{'key': {text}}}])])\n")  # fmt: skip
    assert [(v.what, v.source) for v in read("ant.py").variations] == [("key", "address")]


@pytest.mark.parametrize("name", ["count", "/cache/count", ".count"])
@pytest.mark.parametrize("pause", [0, 0.3])
def test_a_file_that_counts_the_imports(
    here: Write, tmp_path_factory: pytest.TempPathFactory, pause: float, name: str
) -> None:
    """Also if two loads at the same time would read the same number."""
    if name.startswith("/"):
        name = f"{tmp_path_factory.mktemp('elsewhere')}/count"
    here("ant.py", WORDS + "import time\nfrom pathlib import Path\ncount = "
         f"Path({name!r})\n"
         "n = int(count.read_text() or 0) if count.exists() else 0\n"
         f"time.sleep({pause})\ncount.write_text(str(n + 1))\n"
         "RUN_DESCRIPTION = RunDescription('r', [Experiment('e', f'c --n={n}')])\n")  # fmt: skip
    assert [(v.what, v.source) for v in read("ant.py").variations] == [("cmd", "file")]


def git(*words: str) -> str:
    own = ("-c", "user.name=ada", "-c", "user.email=ada@localhost")
    return subprocess.check_output(["git", *own, *words], text=True).strip()


REVISIONS = [
    "subprocess.check_output(['git', 'rev-parse', 'HEAD'], text=True).strip()",
    "subprocess.run('git describe --always --dirty', shell=True, capture_output=True).stdout",
    "os.popen('git log -1 --format=%h').read().strip()",
    "Path('.git/refs/heads/main').read_text().strip()[:10]",
]


@pytest.mark.parametrize("text", REVISIONS)
def test_a_git_revision_is_found(here: Write, text: str) -> None:
    here("ant.py", f"{WORDS}import os, subprocess\nfrom pathlib import Path\n"
         f"REVISION = {text}\nRUN_DESCRIPTION = RunDescription('r', "
         "[Experiment('e', f'c --rev={REVISION}')])\n")  # fmt: skip
    git("init", "-q", "-b", "main")
    git("add", "ant.py")
    git("commit", "-qm", "add a run")
    assert [(v.what, v.source) for v in read("ant.py").variations] == [("cmd", "revision")]


def test_what_git_says_of_folders_and_its_exit_code_stay(here: Write) -> None:
    here("ant.py", f"{WORDS}import subprocess\n"
         "top = subprocess.run(['git', 'rev-parse', '--show-toplevel'], capture_output=True)\n"
         "bad = subprocess.run(['git', 'rev-parse', 'nothing'], capture_output=True).returncode\n"
         "RUN_DESCRIPTION = RunDescription('r', "
         "[Experiment('e', f'c --bad={bad} --top={len(top.stdout)}')])\n")  # fmt: skip
    git("init", "-q")
    assert read("ant.py").variations == ()


@pytest.mark.parametrize(
    "text",
    [
        "assert time.time() < 1.9e9, 'the licence has ended'",
        "{socket.gethostname(): 1}[SELF.read_text()]",
        "Path(os.environ['HOME']).iterdir()",
    ],
)
def test_an_import_that_works_only_here_is_no_finding(here: Write, text: str) -> None:
    import socket

    Path("host").write_text(socket.gethostname())
    here("ant.py", f"{WORDS}import os, socket, time\nfrom pathlib import Path\n"
         f"SELF = Path('host')\n{text}\n"
         "RUN_DESCRIPTION = RunDescription('r', [Experiment('e', 'c')])\n")  # fmt: skip
    assert read("ant.py").variations == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [("f'r{int(time.time())}'", 3), ("f'r{time.strftime(\"%Y\")}'", 3), ("'r'", 0)],
)
def test_pbt_run_refuses_a_run_name_that_is_not_fixed(
    here: Write, name: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    here("ant.py", f"{WORDS}import time\nRUN_DESCRIPTION = RunDescription({name}, "
         "[Experiment('e', 'true', [{'t': time.time()}])])\n")  # fmt: skip
    said = ""
    if code:
        with pytest.raises(Findings) as refusal:
            command.main(["ant.py", "--dry_run"])
        assert refusal.value.exit_code == code
        said = str(refusal.value)
    else:
        assert command.main(["ant.py", "--dry_run"]) == 0
        said = capsys.readouterr().err
    assert ("error[PBT224]: `ant.py`:" in said) == bool(code)
    assert "warning[PBT120]" in said
    assert Path("train_dir").exists() is False


def test_the_revision_of_a_repository(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ("-c", "user.name=ada", "-c", "user.email=ada@localhost", "-c", "core.hooksPath=/")
        command = ["git", "-C", str(folder), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    folder = tmp_path / "repository"
    (folder / "runs").mkdir(parents=True)
    assert revision(folder / "runs") is None
    git("init", "-q", "-b", "main")
    assert revision(folder) is None  # there is no commit
    git("commit", "-q", "--allow-empty", "-m", "one")
    commit = git("rev-parse", "HEAD")
    assert revision(folder / "runs") == commit
    git("pack-refs", "--all")
    assert revision(folder) == commit
    git("worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    git("commit", "-q", "--allow-empty", "-m", "two")
    assert revision(tmp_path / "tree") == commit != revision(folder)
    git("checkout", "-q", "--detach")
    assert revision(folder) == git("rev-parse", "HEAD")
    (folder / ".git/HEAD").write_bytes(b"\xff")
    assert revision(folder) is None

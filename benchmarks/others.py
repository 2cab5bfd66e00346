"""What other programs need for the same work: packages of PyPI and of Debian, in a folder of their
own that is gone afterwards, and the upstream launcher's classes of the checkouts that
`PBT_UPSTREAM` names.

Must not install anything anywhere else.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import run

HYPERQUEUE = """
import sys
from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig
count, parallel, *words = sys.argv[1:]
with LocalCluster(worker_config=WorkerConfig(cores=int(parallel))) as cluster:
    job = Job()
    for _ in range(int(count)):
        job.program(words)
    client = cluster.client()
    client.wait_for_jobs([client.submit(job)])
"""
"""Its server, a worker and all tasks in one command; each task has files for its output."""
SUBMITIT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from submitit import LocalExecutor
from submitit.helpers import CommandFunction
count, parallel, *words = sys.argv[1:]
executor = LocalExecutor("submitit")
def once(_):
    executor.submit(CommandFunction(words, verbose=False)).result()
with ThreadPoolExecutor(int(parallel)) as pool:
    list(pool.map(once, range(int(count))))
"""
"""Its local executor starts at once what it is given, so a pool keeps the limit."""
PACKAGES = ("torchx==0.7.0", "hydra-core==1.3.8", "numpy")
TORCHX = """
import sys
from torchx.runner import get_runner
from torchx.specs import AppDef, Role
with get_runner() as runner:
    for seed in range(int(sys.argv[1])):
        args = ["train.py", "--algo=ppo", f"--seed={seed}", "--lr=0.0001", "--env=a"]
        role = Role("job", image=".", entrypoint="python", args=args)
        runner.dryrun(AppDef(f"job-{seed}", [role]), "local_cwd")
"""
GRID = """
from {package} import Experiment, ParamGrid, RunDescription
names = ("seed", "lr", "env")
values = (list(range({n} // 10)), [1e-4, 3e-4], list("abcde"))
grid = ParamGrid(list(zip(names, values))).generate_params(False)
RUN_DESCRIPTION = RunDescription(
    "bench", experiments=[Experiment("e", "python train.py --algo=ppo", grid)]
)
"""
UPSTREAM_PACKAGES = (
    "isaacgymenvs.pbt.launcher.run_description",
    "sample_factory.launcher.run_description",
)
HYDRA = """
import hydra
@hydra.main(version_base=None, config_path=None)
def app(config):
    pass
app()
"""


@contextmanager
def installed(packages: Sequence[str] = PACKAGES) -> Iterator[Path | None]:
    """The interpreter of a virtual environment that has them; None where they cannot be had."""
    with TemporaryDirectory(prefix="pbt-others-") as folder:
        python = Path(folder) / "venv/bin/python"
        wanted = ("-m", "pip", "install", "-q", "--disable-pip-version-check", *packages)
        try:
            for command in (
                (sys.executable, "-m", "venv", folder + "/venv"),
                (str(python), *wanted),
            ):
                subprocess.run(command, check=True, capture_output=True, timeout=300)
        except (subprocess.SubprocessError, OSError):
            yield None
        else:
            yield python


@contextmanager
def unpacked(package: str) -> Iterator[Path | None]:
    """A folder with the files of a Debian package, not installed; None if it cannot be had."""
    with TemporaryDirectory(prefix="pbt-others-") as folder:
        try:
            for words in (["apt-get", "download", package], ["dpkg-deb", "-x", "{deb}", "."]):
                deb = next((file.name for file in Path(folder).glob("*.deb")), "")
                argv = [word.replace("{deb}", deb) for word in words]
                subprocess.run(argv, cwd=folder, check=True, capture_output=True, timeout=120)
        except (subprocess.SubprocessError, OSError):
            yield None
        else:
            yield Path(folder)


def each(python: Path, folder: Path, few: int = 20, many: int = 220) -> Iterator[tuple[str, float]]:
    """Seconds of CPU for one job more, without the start."""
    (folder / "torchx_grid.py").write_text(TORCHX)
    (folder / "hydra_grid.py").write_text(HYDRA)
    for name, argv in (
        ("torchx: a dry run each", ["torchx_grid.py", "{n}"]),
        (
            "Hydra: --multirun, basic sweeper and launcher",
            ["hydra_grid.py", "-m", "+seed=range({n})"],
        ),
    ):
        took = []
        for n in (few, many):
            words = [word.replace("{n}", str(n)) for word in argv]
            done = run([str(python), *words], cwd=folder)
            assert done.code == 0, name
            took.append(done.cpu)
        yield name, (took[1] - took[0]) / (many - few)


def upstream(python: Path, folder: Path, few: int, many: int) -> Iterator[tuple[str, float]]:
    """Seconds of CPU in which each checkout's own classes expand one job more.

    They check and write nothing; the jobs are printed as JSON, as `tests.upstream.jobs` does.
    """
    jobs = Path(__file__).parents[1] / "tests/upstream/jobs.py"
    for checkout in filter(None, os.environ.get("PBT_UPSTREAM", "").split(":")):
        root = Path(checkout).resolve()
        for package in UPSTREAM_PACKAGES:
            if not root.joinpath(*package.split(".")).with_suffix(".py").is_file():
                continue
            took = []
            for n in (few, many):
                (folder / f"upstream_{n}.py").write_text(GRID.format(package=package, n=n))
                argv = [str(python), str(jobs), str(root), f"upstream_{n}", "0"]
                done = run(argv, cwd=folder, env={"PYTHONPATH": str(folder)})
                assert done.code == 0, package
                took.append(done.cpu)
            yield package.partition(".")[0], (took[1] - took[0]) / (many - few)

"""What other launchers on PyPI need for a job of the same grid: torchx and Hydra, in a folder of
their own that is gone afterwards.

Must not install anything anywhere else.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import run

PACKAGES = ("torchx==0.7.0", "hydra-core==1.3.8")
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
HYDRA = """
import hydra
@hydra.main(version_base=None, config_path=None)
def app(config):
    pass
app()
"""


@contextmanager
def installed() -> Iterator[Path | None]:
    """The interpreter of a virtual environment that has them; None where they cannot be had."""
    with TemporaryDirectory() as folder:
        python = Path(folder) / "venv/bin/python"
        wanted = ("-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES)
        try:
            for command in ((sys.executable, "-m", "venv", folder + "/venv"), (python, *wanted)):
                subprocess.run(command, check=True, capture_output=True, timeout=300)
        except (subprocess.SubprocessError, OSError):
            yield None
        else:
            yield python


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

"""Programs that stand in for trainers: the same arguments, files and output, without a simulator.

Each function puts one into a folder, in which the trainer's own command then works.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent


def isaac_lab(folder: Path) -> None:
    """Makes the commands `uv` and `isaaclab` in `folder/bin`, and the script that they run."""
    _put("lab_train.py", folder / "isaac_lab/train.py")
    for name in ("uv", "isaaclab"):
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        text = (HERE / name).read_text()
        path.write_text(text.replace("#!/usr/bin/env python3", f"#!{sys.executable} -IS"))
        path.chmod(0o755)


def rl_games(folder: Path) -> None:
    """Makes `train_pbt.py`, an entry point around rl_games as its users write it."""
    _put("lab_train.py", folder / "train_pbt.py")


def sample_factory(folder: Path) -> None:
    """Makes the module `sf_examples.train_gym_env`."""
    _put("policies_train.py", folder / "sf_examples/train_gym_env.py")


def isaacgymenvs(folder: Path) -> None:
    """Makes the module `isaacgymenvs.train`, which needs `examples` in the folder."""
    _put("gym_train.py", folder / "isaacgymenvs/train.py")


def _put(name: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / name, path)

"""Programs that stand in for trainers which need a simulator: same arguments, files and output.

`isaac_lab` and the functions beside it put one into a folder, in which the trainer's own command
then works.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent


def isaac_lab(folder: Path) -> Path:
    """Makes `uv` and `isaaclab` in `folder/bin`, and Isaac Lab's script; returns `folder/bin`."""
    shutil.copy(HERE / "lab_train.py", folder / "train.py")
    made = folder / "bin"
    made.mkdir(exist_ok=True)
    for name in ("uv", "isaaclab"):
        text = (HERE / f"bin/{name}").read_text()
        (made / name).write_text(text.replace("#!/usr/bin/env python3", f"#!{sys.executable} -IS"))
        (made / name).chmod(0o755)
    return made

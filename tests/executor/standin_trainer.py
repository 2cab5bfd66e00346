"""A stand-in for a trainer with population-based training, as Isaac Lab and rl_games write.

Each generation is weights, then metadata, in `<directory>/logs/rl_games/cartpole/<workspace>/NNN`,
and the highest numbers are kept. At an exploit it copies a donor's weights by executing itself
again. `<directory>/told-<member>` gets a line for each life: its first generation, its frame, and
its arguments. What happens is set by files in the current folder:

    fail-<member>     ends with code 3 at once, after the start was told
    crash-<member>    ends with code 3 after the next generation; the file is removed
    exploit-<member>  copies the member whose number the file has; the file is removed
    go                trains to the end; without one of these files, it waits after the fourth
                      generation of a life
"""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
from pathlib import Path

KEEP = 6
LAST = 40


def main(argv: list[str]) -> int:
    given = dict(word.lstrip("-+").partition("=")[::2] for word in argv)
    member = int(given["agent.pbt.policy_idx"])
    directory = Path(given["agent.pbt.directory"])
    workspace = directory / "logs/rl_games/cartpole" / given["agent.pbt.workspace"]
    folder = workspace / f"{member:03d}"
    folder.mkdir(parents=True, exist_ok=True)
    number, frame = 0, 0
    if checkpoint := given.get("checkpoint"):
        with zipfile.ZipFile(checkpoint) as file:
            number, frame = json.loads(file.read("archive/state"))
    with (directory / f"told-{member}").open("a") as told:
        told.write(json.dumps([number + 1, frame, argv]) + "\n")
    if Path(f"fail-{member}").exists():
        return 3
    lived, goes_on = 0, ("go", f"crash-{member}", f"exploit-{member}")
    while number < LAST:
        number, frame, lived = number + 1, frame + 1000, lived + 1
        write(folder, number, frame, given)
        if taken(f"crash-{member}") is not None:
            return 3
        if (donor := taken(f"exploit-{member}")) is not None:
            newest = max((workspace / f"{int(donor):03d}").glob("*.pth"), key=os.path.getmtime)
            others = [word for word in argv if "checkpoint" not in word]
            rest = [*others, f"--checkpoint={newest}"]
            os.execv(sys.executable, [sys.executable, __file__, *rest])
        while lived >= 4 and not any(map(os.path.exists, goes_on)):
            time.sleep(0.02)
        time.sleep(0.005)
    return 0


def taken(name: str) -> str | None:
    try:
        text = Path(name).read_text()
        Path(name).unlink()
    except FileNotFoundError:
        return None
    return text


def write(folder: Path, number: int, frame: int, given: dict[str, str]) -> None:
    path = folder / f"{number:06d}.pth"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/state", json.dumps([number, frame]))
    inside = f"/inside/{folder.parent.name}/{folder.name}/{path.stem}"
    path.with_suffix(".yaml").write_text(
        f"checkpoint: {inside}.pth\n"
        "experiment_name: 2026-11-21_08-20-20\n"
        f"frame: {frame}\n"
        f"iteration: {number}\n"
        f"params:\n  agent.params.config.lr: {given.get('agent.params.config.lr', '0.001')}\n"
        f"pbt_checkpoint: {inside}.yaml\n"
        "true_objective: 7.5\n"
    )
    for old in sorted(folder.glob("*.yaml"))[:-KEEP]:
        old.unlink()
        old.with_suffix(".pth").unlink()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Five runs at once on four GPUs with two slots each; executors and jobs are killed at random.

    python -m tests.stress.slots --kills 100

Each job notes itself at its GPU while it runs, and counts the living ones there. Until the kills
are over it fails, and is tried again. No GPU may ever have more jobs than slots, every job has to
succeed in the end, and no slot may stay held.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path

from pbt_tui import machine_slots
from tests.executor.running import Place, job

RUNS, GPUS, SLOTS, JOBS = 5, 4, 2, 6

# A name that is there without a living process was left by a job that was killed; a zombie takes a
# moment to go. Whoever counts too many looks again before it tells.
JOB = r"""set -u
there=$1/gpu$CUDA_VISIBLE_DEVICES
: >"$there.$$"
too_many() {
  n=0
  for one in "$there".*; do
    pid=${one##*.}
    case $(cat "/proc/$pid/stat" 2>/dev/null) in
      "" | *") Z "* | *") X "*) ;;
      *) n=$((n + 1)) ;;
    esac
  done
  [ "$n" -gt "$2" ]
}
if too_many "$@"; then
  sleep 0.5
  ! too_many "$@" || echo "$n on GPU $CUDA_VISIBLE_DEVICES" >>"$1/violations"
fi
sleep "$3"
rm -f "$there.$$"
[ -e "$1/over" ] || exit 1
"""


class Machine:
    """Five runs and what is killed of them.

    Args:
        folder: an empty folder.
        seed: of the dice.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.shared = folder / "shared"
        self.shared.mkdir()
        self.places = [self._place(folder / f"run{i}", i) for i in range(RUNS)]
        self.executors: list[subprocess.Popen[str]] = []
        self.broken: list[str] = []

    def _place(self, path: Path, i: int) -> Place:
        path.mkdir()
        place = Place(path)
        jobs = [
            job(
                f"j{n}", "sh", "-c", JOB, "sh", str(self.shared), str(SLOTS),
                f"{self.dice.uniform(0.1, 0.6):.2f}",
            )
            for n in range(JOBS)
        ]  # fmt: skip
        place.spec(
            *jobs,
            run=f"r{i}", num_gpus=GPUS, experiments_per_gpu=SLOTS, max_parallel=GPUS * SLOTS,
            retries=1000, retry_delay=0.0,
            retry_on=("exit", "signal", "lost", "traceback", "oom"),
        )  # fmt: skip
        return place

    def live(self, kills: int) -> list[str]:
        """Runs everything to its end, with so many kills; returns what was wrong."""
        self.executors = [place.start("specs") for place in self.places]
        for _ in range(kills):
            time.sleep(self.dice.uniform(0.05, 0.3))
            self._kill()
            self._start_again()
        (self.shared / "over").touch()
        end = time.monotonic() + 300
        while any(one.poll() != 0 for one in self.executors) and time.monotonic() < end:
            time.sleep(0.1)
            self._start_again()
        return self._judge()

    def _kill(self) -> None:
        """Kills an executor, or any process of a run."""
        i = self.dice.randrange(RUNS)
        pids = list(self.places[i].alive())
        if self.dice.random() < 0.4 and self.executors[i].poll() is None:
            pids = [self.executors[i].pid]
        if pids:
            with suppress(ProcessLookupError):
                os.kill(self.dice.choice(pids), signal.SIGKILL)

    def _start_again(self) -> None:
        for i, one in enumerate(self.executors):
            code = one.poll()
            if code is None or code == 0:
                continue
            out, err = one.communicate()
            if code not in (-signal.SIGKILL, 4, 5):
                self.broken.append(f"exit code {code}: {out}{err}")
            place = self.places[i]
            target = str(place.path / "train_dir" / f"r{i}" / "_pbt")
            self.executors[i] = place.start(
                target if Path(target, "journal.jsonl").exists() else "specs"
            )

    def _judge(self) -> list[str]:
        with suppress(FileNotFoundError):
            self.broken += (self.shared / "violations").read_text().splitlines()
        for i, (one, place) in enumerate(zip(self.executors, self.places, strict=True)):
            if one.poll() != 0:
                self.broken.append(f"run {i} did not end")
                one.kill()
            out, err = one.communicate()
            if one.returncode:
                self.broken.append(out + err)
            place.clean()
        self.broken += [f"a slot stays held: {slot}" for slot in machine_slots.held()]
        return self.broken


def stressed(kills: int, seed: int) -> list[str]:
    """One machine from its beginning to its end; returns what was wrong."""
    os.environ[machine_slots.NAMESPACE] = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="pbt-slots.") as folder:
        return Machine(Path(folder), seed).live(kills)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stress.slots")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    args = parser.parse_args()
    broken = stressed(args.kills, args.seed)
    for what in broken:
        print(f"  VIOLATION {what}")
    print(f"slots: {RUNS} runs, {args.kills} kills, {len(broken)} violations; --seed {args.seed}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())

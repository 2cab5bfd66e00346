"""Stresses whole runs with faults; exit code 1 if an invariant did not hold.

python -m tests.stress                        200 runs, every fifth in containers, then runs that
                                              share GPUs: 100 kills of real ones (`slots`), and 100
                                              in each of 50 simulated lives (`simulated_slots`)
python -m tests.stress --runs 20 --seed 7     20 runs from another seed on
python -m tests.stress --runs 1 --seed 1234   one run again
python -m tests.stress --keep DIR             keep the folder of each run that broke an invariant
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pbt_tui import machine_slots
from tests.docker.docked import Docked
from tests.executor.running import Place
from tests.stress import simulated_slots, slots
from tests.stress.engine import Engine
from tests.stress.life import Life

FAULTS = 5
LIVES = 50
"""Simulated lives of runs that share GPUs."""
CONTAINED = 5
"""Every fifth run is executed in containers."""


@contextlib.contextmanager
def folder(seed: int) -> Iterator[Path]:
    """A folder for a run; every third run has a small disk of its own for its run directory."""
    with tempfile.TemporaryDirectory(prefix="pbt-stress.", ignore_cleanup_errors=True) as name:
        path = Path(name) / "place"
        train_dir = path / "train_dir"
        train_dir.mkdir(parents=True)
        small = seed % 3 == 0 and os.geteuid() == 0
        if small:
            mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(train_dir)]
            small = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        try:
            yield path
        finally:
            if small:
                subprocess.run(["umount", "-l", str(train_dir)], check=False)


def one(seed: int, engine: Engine | None, keep: Path | None = None) -> Life:
    """The run of one seed; in containers of `engine` if there is one.

    Where an invariant did not hold, the folder of the run is copied into `keep`.
    """
    with folder(seed) as path:
        place = Place(path) if engine is None else Docked(path, engine.host)
        # Whoever else uses GPUs of this machine would be waited for.
        place.environ[machine_slots.NAMESPACE] = f"stress.{os.getpid()}.{seed}"
        life = Life(seed, place, None if engine is None else engine.kill)
        try:
            life.live(FAULTS)
        finally:
            for command in place.clean().values():
                life.wrong(f"left running: {command:.200}")
            if isinstance(place, Docked):
                for name in place.sweep():
                    life.wrong(f"container left: {name}")
        if keep is not None and life.broken:
            shutil.copytree(path.parent, keep / str(seed), symlinks=True, dirs_exist_ok=True)
        return life


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stress")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--no_containers", dest="containers", action="store_false")
    parser.add_argument("--parallel", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--slot_kills", type=int, help="100, or 0 with a single run")
    parser.add_argument("--keep", type=Path, metavar="DIR")
    args = parser.parse_args()
    if args.slot_kills is None:
        args.slot_kills = 0 if args.runs == 1 else 100
    began = time.monotonic()
    kinds: Counter[str] = Counter()
    broken = 0
    seeds = range(args.seed, args.seed + args.runs)
    engine = Engine() if args.containers and os.geteuid() == 0 else None
    with ThreadPoolExecutor(args.parallel) as pool, ThreadPoolExecutor(1) as contained:
        lives = [
            contained.submit(one, seed, engine, args.keep)
            if engine is not None and seed % CONTAINED == 0
            else pool.submit(one, seed, None, args.keep)
            for seed in seeds
        ]
        for seed, waited in zip(seeds, lives, strict=True):
            life = waited.result()
            kinds.update(life.faults)
            broken += len(life.broken)
            print(f"{seed}: {', '.join(life.faults)}", flush=True)
            for what in life.broken:
                print(f"  VIOLATION {what}", flush=True)
    if engine is not None:
        engine.down()
    if args.slot_kills:
        simulated, wrong = simulated_slots.told(LIVES, args.seed)
        wrong += slots.stressed(args.slot_kills, args.seed)
        broken += len(wrong)
        for what in wrong:
            print(f"  VIOLATION {what}", flush=True)
        print(f"{simulated}\n{args.slot_kills} kills of {slots.RUNS} real runs that share GPUs")
    total = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    print(f"{args.runs} runs, {sum(kinds.values())} faults ({total}), {broken} violations")
    print(f"{time.monotonic() - began:.0f} s; again: python -m tests.stress --seed {args.seed}")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())

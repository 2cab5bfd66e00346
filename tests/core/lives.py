"""`python -m tests.core.lives`: many lives with all rules on, then with each rule switched off."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.core import population_life, sim_reading
from tests.core.rules import RULES

Broken = list[tuple[int, str]]
"""Seed and first violation of each life that broke."""
SHARE = 50
"""Lives that a process lives in a row."""


def some(rule: int | None, seeds: range) -> tuple[Broken, Counter[str]]:
    """Lives these seeds, with all rules or without one."""
    broken: Broken = []
    seen: Counter[str] = Counter()
    with sim_reading.memory(), pytest.MonkeyPatch.context() as patch:
        if rule is not None:
            RULES[rule].plant(patch)
        for seed in seeds:
            life, violations = population_life.live(seed)
            seen += life.counts()
            if violations:
                broken.append((seed, violations[0]))
    return broken, seen


def many(pool: ProcessPoolExecutor, rule: int | None, lives: int) -> tuple[Broken, Counter[str]]:
    shares = [range(k, min(k + SHARE, lives)) for k in range(0, lives, SHARE)]
    broken: Broken = []
    seen: Counter[str] = Counter()
    for found, counts in pool.map(some, [rule] * len(shares), shares):
        broken += found
        seen += counts
    return broken, seen


def main(argv: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.core.lives", description=__doc__)
    parser.add_argument("--lives", type=int, default=10_000, help="lives with all rules on")
    parser.add_argument("--without", type=int, default=4_000, help="lives without each rule")
    parser.add_argument("--seed", type=int, help="one life alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args(None if argv is None else list(argv))
    if given.seed is not None:
        broken, _ = some(None, range(given.seed, given.seed + 1))
        print(*(broken or ("nothing broke",)), sep="\n")
        return bool(broken)
    with ProcessPoolExecutor(given.jobs) as pool:
        broken, seen = many(pool, None, given.lives)
        print(f"all rules on: {len(broken)} of {given.lives} lives broken")
        print(", ".join(f"{what} {count:,}" for what, count in sorted(seen.items())))
        for seed, why in broken[:20]:
            print(f"  seed {seed}: {why}")
        idle = 0
        for k, rule in enumerate(RULES if given.without else ()):
            off, _ = many(pool, k, given.without)
            idle += not off
            first = f"; the first is {off[0][0]}: {off[0][1]}" if off else ""
            print(f"{len(off):6} of {given.without} without: {rule.rule}{first}", flush=True)
    return bool(broken or idle)


if __name__ == "__main__":
    sys.exit(main())

"""Fuzzes the readers, each for some time; exit code 1 with a finding.

python -m tests.fuzz                              every reader for 60 seconds
python -m tests.fuzz --seconds 600 member-log     one reader for ten minutes
python -m tests.fuzz --seed 7 --only 1234 history one input again
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.runner import fuzz
from tests.fuzz.targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("names", nargs="*", choices=[[], *TARGETS], metavar="READER")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each reader")
    parser.add_argument("--count", type=int, default=1 << 60, help="most inputs for each reader")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int, help="the number of one input")
    args = parser.parse_args()
    first, count = (0, args.count) if args.only is None else (args.only, 1)
    failed = False
    for name in args.names or TARGETS:
        given = {"seconds": args.seconds, "count": count, "first": first}
        inputs, finding = fuzz(TARGETS[name], args.seed, **given)
        if finding is None:
            print(f"{name}: {inputs:,} inputs", flush=True)
            continue
        failed = True
        print(f"{name}: input {finding.number}: {finding.what.rstrip()}")
        print(f"  {finding.data[:300]!r}{' …' if len(finding.data) > 300 else ''}")
        again = f"--seed {args.seed} --only {finding.number} {name}"
        print(f"  again: python -m tests.fuzz {again}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

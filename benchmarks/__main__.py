"""`make bench`, or `make bench ARGS="executing watching"` for some of it."""

from __future__ import annotations

import importlib
import os
import sys

from benchmarks import measure

PARTS = (
    "compiling", "executing", "waiting", "containing", "replaying", "watching", "fleet",
    "populations",
)  # fmt: skip


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"error: no benchmark `{unknown[0]}`; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}: quote the ratios, not the seconds")
    for name in names or PARTS:
        importlib.import_module(f"benchmarks.{name}").main()
    measure.targets()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

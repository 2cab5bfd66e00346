"""`make bench`, or `make bench ARGS="executing watching --most 100000"` for some of it.

Writes `benchmarks/results.json`, `docs/benchmarks.md` and its pictures; a part that is not run
keeps the figures that it had.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import os
import subprocess
import sys
from pathlib import Path

from benchmarks import machine, measure, page, results

PARTS = (
    "compiling", "executing", "waiting", "containing", "workflows", "replaying", "watching",
    "fleet", "logs", "populations",
)  # fmt: skip
"""In this order: the peak memory of a command is at least that of the process that starts it, so
parts that measure it come before parts that need much themselves."""
MOST = 1_000_000
ROOT = Path(__file__).resolve().parents[1]


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser("make bench", allow_abbrev=False)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--most", type=int, default=MOST, help="jobs of the largest run")
    args = parser.parse_args(words)
    unknown = [name for name in args.parts if name not in PARTS]
    if unknown:
        print(f"error: no benchmark `{unknown[0]}`; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    as_installed()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}: quote the ratios, not the seconds")
    failed = False
    for name in (one for one in PARTS if not args.parts or one in args.parts):
        with measure.recording(name) as part:
            failed |= not measured(name, args.most)
        parts = results.renew(part, PARTS)
        page.write(ROOT, parts)
    measure.targets()
    print("\nwritten: docs/benchmarks.md")
    return 1 if failed else 0


def as_installed() -> None:
    """Gives the modules their bytecode, as pip does: else each start would compile them again."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(ROOT / "pbt_tui", quiet=1)


def measured(name: str, most: int) -> bool:
    """Runs one part; what stops it is written on the page, and the other parts go on."""
    try:
        importlib.import_module(f"benchmarks.{name}").main(most)
    except KeyboardInterrupt:
        measure.left_out("the rest of this part: stopped by a person")
        return False
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        kind = type(error).__name__
        text = machine.shown([str(error)]) or "a check did not hold"
        measure.left_out(f"the rest of this part: {kind}: {text}")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

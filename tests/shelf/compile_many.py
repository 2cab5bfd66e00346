"""Many calls of `pbt-compile` in one process, since starting Python is most of what one costs.

Reads a JSON list of argument lists on stdin; writes `[exit code, stdout, stderr]` of each.
"""

from __future__ import annotations

import io
import json
import os
import sys

from pbt_tui.cli.compile import main


def call(argv: list[str]) -> tuple[int, str, str]:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    sys.stdout, sys.stderr = out, err
    try:
        code = main(argv)
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 2
    finally:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    said = []
    for stream in (out, err):
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        said.append(stream.buffer.getvalue().decode())
    return code, said[0], said[1]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    with open(os.devnull) as nothing:  # noqa: PTH123 - a device, not a file
        os.dup2(nothing.fileno(), 0)
    json.dump([call(argv) for argv in asked], sys.stdout)

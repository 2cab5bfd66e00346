"""`pbt-compile --ask`: checks compiled scripts with `sbatch --test-only` before they are written.

Must not submit anything. Scripts of one shape request the same resources, so only one of them is
checked: SLURM asks its users not to call its commands in loops.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from pbt_tui.backends.slurm.environment import for_jobs
from pbt_tui.backends.slurm.error_hints import cure, last_words
from pbt_tui.backends.slurm.files import FILE, FOLDER
from pbt_tui.backends.slurm.index import decode
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable


def ask(files: Mapping[str, bytes], folder: str) -> Iterator[Diagnostic]:
    """PBT640 for each shape that SLURM refuses, PBT641 for the others; `folder` is the run's."""
    index = decode(files[f"{folder}/{FILE}"])
    assert index is not None
    if shutil.which("sbatch") is None:
        yield finding("PBT641", "`sbatch` is not installed here, so the scripts were not checked")
        return
    scripts = {array.shape: array.script for array in reversed(index.arrays)}
    for name in reversed(scripts.values()):
        path = f"{FOLDER}/{name}"
        yield _answer(path, files[f"{folder}/{path}"], index.settings.sbatch_timeout)


def _answer(path: str, script: bytes, seconds: float) -> Diagnostic:
    here = Where(file=path)
    try:
        done = subprocess.run(
            ["sbatch", "--test-only"],
            input=script,
            env=for_jobs(os.environ),
            capture_output=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as e:
        message = last_words((e.stderr or b"").decode(errors="replace"))
        reason = f": {printable(message)}" if message else ""
        text = f"SLURM has not answered in {seconds:g} s{reason}"
        return finding("PBT640", text, where=here, hint=cure(message))
    message = last_words(done.stderr.decode(errors="replace"))
    if done.returncode:
        text = f"SLURM refuses it: {printable(message or f'exit code {done.returncode}')}"
        return finding("PBT640", text, where=here, hint=cure(message))
    return finding("PBT641", f"SLURM would take it: {printable(message)}", where=here)
